// The PKI and AppRole engines of HashiCorp Vault 1.14.8, the last release under the MPL, behind as much of its HTTP API as they need.
//
//	vault
//
// It prints its port and the token that may do everything, and ends with stdin. The engines are Vault's own code and decide all that is asked of a
// mount. The core around them is not here: any token that was issued may do everything, and nothing is ever sealed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-uuid"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/logical/pki"
	"github.com/hashicorp/vault/sdk/helper/jsonutil"
	"github.com/hashicorp/vault/sdk/logical"
)

// mount is an engine with its storage, at a path.
type mount struct {
	path    string
	engine  logical.Backend
	storage logical.Storage
	system  *logical.StaticSystemView
}

type server struct {
	mounts []*mount
	mutex  sync.Mutex
	tokens map[string]bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "vault:", err)
		os.Exit(1)
	}
}

func run() error {
	made := &server{tokens: map[string]bool{}}
	for path, factory := range map[string]logical.Factory{"pki/": pki.Factory, "auth/approle/": approle.Factory} {
		one, err := start(path, factory)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		made.mounts = append(made.mounts, one)
	}
	token, err := made.issue()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, made) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, token)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	return <-failed
}

func start(path string, factory logical.Factory) (*mount, error) {
	system := &logical.StaticSystemView{DefaultLeaseTTLVal: 32 * 24 * time.Hour, MaxLeaseTTLVal: 32 * 24 * time.Hour}
	storage := &logical.InmemStorage{}
	id, err := uuid.GenerateUUID()
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	engine, err := factory(ctx, &logical.BackendConfig{StorageView: storage, Logger: hclog.NewNullLogger(), System: system, BackendUUID: id})
	if err == nil {
		err = engine.Initialize(ctx, &logical.InitializationRequest{Storage: storage})
	}
	return &mount{path, engine, storage, system}, err
}

func (s *server) issue() (string, error) {
	id, err := uuid.GenerateUUID()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.tokens["hvs."+id] = true
	return "hvs." + id, err
}

func (s *server) known(token string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.tokens[token]
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := strings.TrimPrefix(r.URL.Path, "/v1/")
	token := r.Header.Get("X-Vault-Token")
	data, err := wish(r)
	if err != nil {
		logical.RespondError(w, http.StatusBadRequest, err)
		return
	}
	for _, one := range s.mounts {
		if asked == "sys/mounts/"+one.path+"tune" && s.known(token) {
			one.tune(w, data)
			return
		}
		if inside, found := strings.CutPrefix(asked, one.path); found {
			does := operation(r)
			if does == logical.ListOperation && !strings.HasSuffix(inside, "/") {
				inside += "/" // as the core does
			}
			s.ask(w, r, one, &logical.Request{Operation: does, Path: inside, Data: data, Storage: one.storage, MountPoint: one.path, ClientToken: token})
			return
		}
	}
	logical.RespondError(w, http.StatusNotFound, fmt.Errorf("no handler for route %q. route entry not found.", asked))
}

// The longest lifetime is the core's to keep, and the engine's to ask for. Nobody is answered by the engine meanwhile: the tests ask one thing at a time.
func (m *mount) tune(w http.ResponseWriter, data map[string]any) {
	longest, err := time.ParseDuration(fmt.Sprint(data["max_lease_ttl"]))
	if err != nil {
		logical.RespondError(w, http.StatusBadRequest, err)
		return
	}
	m.system.MaxLeaseTTLVal = longest
	w.WriteHeader(http.StatusNoContent)
}

func wish(r *http.Request) (map[string]any, error) {
	data := map[string]any{}
	for name, values := range r.URL.Query() {
		data[name] = values[0]
	}
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return data, nil
	}
	if err := jsonutil.DecodeJSONFromReader(r.Body, &data); err != nil && err != io.EOF {
		return nil, err
	}
	return data, nil
}

func operation(r *http.Request) logical.Operation {
	listed, _ := strconv.ParseBool(r.URL.Query().Get("list"))
	switch {
	case r.Method == "LIST" || (r.Method == http.MethodGet && listed):
		return logical.ListOperation
	case r.Method == http.MethodGet:
		return logical.ReadOperation
	default:
		return logical.UpdateOperation
	}
}

func (s *server) ask(w http.ResponseWriter, r *http.Request, to *mount, request *logical.Request) {
	if !s.known(request.ClientToken) && !open(to.engine, request.Path) {
		logical.RespondError(w, http.StatusForbidden, logical.ErrPermissionDenied)
		return
	}
	if request.Operation == logical.UpdateOperation { // to make something that is not there is another operation
		if checked, there, err := to.engine.HandleExistenceCheck(r.Context(), request); err == nil && checked && !there {
			request.Operation = logical.CreateOperation
		}
	}
	answer, err := to.engine.HandleRequest(r.Context(), request)
	if status, err := logical.RespondErrorCommon(request, answer, err); status != 0 || err != nil {
		logical.RespondError(w, status, err)
		return
	}
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if answer.Auth != nil {
		answer.Auth.ClientToken, err = s.issue()
		if err != nil {
			logical.RespondError(w, http.StatusInternalServerError, err)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(logical.LogicalResponseToHTTPResponse(answer))
}

// Whether the engine says that this path takes no token. `+` stands for one part of a path, `*` at its end for any rest.
func open(engine logical.Backend, asked string) bool {
	return slices.ContainsFunc(engine.SpecialPaths().Unauthenticated, func(known string) bool {
		if begin, rest := strings.CutSuffix(known, "*"); rest {
			return strings.HasPrefix(asked, begin)
		}
		same, _ := path.Match(strings.ReplaceAll(known, "+", "*"), asked)
		return same
	})
}
