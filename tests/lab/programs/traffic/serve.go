package main

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

const echoMethod = "/drill.Echo/Stream"

// raw passes messages as they are, so that there is nothing to generate.
type raw struct{}

func (raw) Name() string                  { return "raw" }
func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

// echo sends back every message of a stream until the client closes it.
func echo(_ any, stream grpc.ServerStream) error {
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}

func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	plain := flags.String("http", ":8080", "address for HTTP")
	streams := flags.String("grpc", ":8081", "address for gRPC")
	_ = flags.Parse(arguments)
	name, _ := os.Hostname()
	web := &http.Server{Addr: *plain, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name+"\n") })}
	listener, err := net.Listen("tcp", *streams)
	if err != nil {
		return err
	}
	calls := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(echo))
	go func() { _ = calls.Serve(listener) }()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ended
		grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = web.Shutdown(grace)
		calls.Stop()
		os.Exit(0)
	}()
	return web.ListenAndServe()
}
