// A node whose pods are all proxies: the kubelet's own port forwarding, and behind it as much of Envoy's admin port as it takes to be asked for secrets.
//
//	node FOLDER
//
// FOLDER holds what it serves with (apiserver.crt and .key) and the certificates that its pods tell of (dumps.json). It prints its port, then reads lines
// of JSON from stdin. {"lagging": ["namespace/pod", ...]} makes exactly these answer with the older certificates, {"anew": true} counts from now on.
// Each line is acknowledged by one with the moment and the number of different pods that were asked.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"k8s.io/kubelet/pkg/cri/streaming/portforward"
)

const (
	idle     = time.Minute
	creation = 10 * time.Second
)

// What one line from stdin asks for.
type order struct {
	Lagging *[]string `json:"lagging"`
	Anew    bool      `json:"anew"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: node FOLDER")
		os.Exit(2)
	}
	// Each client that hangs up would be an error in the log.
	klog.SetLogger(logr.Discard())
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	pods, err := read(filepath.Join(folder, "dumps.json"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// Connections are upgraded, which HTTP/2 cannot.
	server := &http.Server{Handler: handler(pods), TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	failed := make(chan error, 1)
	go func() {
		failed <- server.ServeTLS(listener, filepath.Join(folder, "apiserver.crt"), filepath.Join(folder, "apiserver.key"))
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() { failed <- obey(pods) }()
	return <-failed
}

func handler(pods *pods) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/portForward/{namespace}/{pod}", func(w http.ResponseWriter, request *http.Request) {
		options, err := portforward.NewV4Options(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		name := request.PathValue("namespace") + "/" + request.PathValue("pod")
		portforward.ServePortForward(w, request, pods, name, "", options, idle, creation, portforward.SupportedProtocols)
	})
	return routes
}

// Until stdin ends.
func obey(pods *pods) error {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		var told order
		if err := json.Unmarshal(line, &told); err != nil {
			return err
		}
		asked := pods.obey(told)
		fmt.Printf("%.6f %d\n", float64(time.Now().UnixMicro())/1e6, asked)
	}
}
