// CoreDNS with the plugins that the lab's clusters use, and no others: it builds in a fraction of the time.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
	_ "github.com/coredns/coredns/plugin/template"
)

// The order in which a query passes through the plugins: upstream's, but template last, to answer what nobody else knows.
func init() {
	dnsserver.Directives = []string{
		"reload", "health", "ready", "log", "errors", "cache", "loadbalance", "hosts", "kubernetes", "forward", "template",
	}
}

func main() {
	coremain.Run()
}
