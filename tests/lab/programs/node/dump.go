package main

import "encoding/base64"

const (
	admin = "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"
	kind  = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
)

type object map[string]any

// As Envoy tells it: its secrets alone, or the whole configuration, which here has nothing else in it.
func dump(chain, roots string, whole bool) object {
	secrets := []object{
		secret("default", object{"tls_certificate": object{"certificate_chain": inline(chain), "private_key": inline("[redacted]")}}),
		secret("ROOTCA", object{"validation_context": object{"trusted_ca": inline(roots)}}),
	}
	if whole {
		return object{"configs": []object{{"@type": admin, "dynamic_active_secrets": secrets}}}
	}
	for _, one := range secrets {
		one["@type"] = admin + ".DynamicSecret"
	}
	return object{"configs": secrets}
}

func secret(name string, content object) object {
	content["@type"], content["name"] = kind, name
	return object{"name": name, "version_info": "1", "last_updated": "2026-01-01T00:00:00.000Z", "secret": content}
}

func inline(pem string) object {
	return object{"inline_bytes": base64.StdEncoding.EncodeToString([]byte(pem))}
}
