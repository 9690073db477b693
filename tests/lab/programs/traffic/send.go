package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type named map[string]string

func (n named) String() string { return "" }
func (n named) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	n[name] = value
	return nil
}

func send(arguments []string) error {
	flags := flag.NewFlagSet("send", flag.ExitOnError)
	flows, streams := named{}, named{}
	control := flags.String("control", "127.0.0.1:9000", "where `take` asks")
	trusted := flags.String("ca", "", "file of the CA of https flows")
	patience := flags.Duration("timeout", 5*time.Second, "after which a request is lost")
	pace := flags.Duration("pace", 50*time.Millisecond, "between two messages of a stream")
	flags.Var(flows, "flow", "NAME=URL@RATE")
	fresh := map[string]bool{}
	flags.Func("fresh", "NAME of a flow in which each request has a connection of its own", func(name string) error { fresh[name] = true; return nil })
	folder := flags.String("ledger", "", "folder for a file with the records, too")
	first := flags.String("await", "", "URL that has to be answered with 200 before anything is sent, such as that of a proxy")
	flags.Var(streams, "stream", "NAME=HOST:PORT, or NAME=HOST:PORT/TIME for streams that each last so long")
	_ = flags.Parse(arguments)
	roots, err := pool(*trusted)
	if err != nil {
		return err
	}
	book, err := kept(*folder)
	if err != nil {
		return err
	}
	await(*first)
	work := begin()
	for name, value := range flows {
		address, text, _ := strings.Cut(value, "@")
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || rate <= 0 {
			return fmt.Errorf("the flow %s has no rate", name)
		}
		work.start(func() {
			flow(book, work, name, address, time.Duration(float64(time.Second)/rate), *patience, roots, fresh[name])
		})
	}
	for name, value := range streams {
		address, text, bounded := strings.Cut(value, "/")
		turn, err := time.ParseDuration(text)
		if bounded && err != nil {
			return fmt.Errorf("the stream %s: %w", name, err)
		}
		work.start(func() { hold(book, work, name, address, *pace, *patience, turn) })
	}
	go func() { _ = http.ListenAndServe(*control, book) }()
	work.wait(*patience)
	return nil
}

// await returns when a URL is answered. Without one it returns at once.
func await(url string) {
	client := http.Client{Timeout: time.Second}
	for url != "" {
		if response, err := client.Get(url); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// shift is what is under way until somebody ends it (SIGTERM): then nothing new is begun, and what has been begun comes to its end.
type shift struct {
	ended chan struct{}
	open  sync.WaitGroup
}

func begin() *shift {
	work, told := &shift{ended: make(chan struct{})}, make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-told
		close(work.ended)
	}()
	return work
}

func (s *shift) start(what func()) {
	s.open.Add(1)
	go func() {
		defer s.open.Done()
		what()
	}()
}

// until waits for a moment; false once nothing new is to be begun.
func (s *shift) until(due time.Time) bool {
	select {
	case <-s.ended:
		return false
	case <-time.After(time.Until(due)):
		return true
	}
}

// wait returns when all has come to its end, and in any case when nothing that was begun can be answered any more.
func (s *shift) wait(patience time.Duration) {
	<-s.ended
	done := make(chan struct{})
	go func() {
		s.open.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience + time.Second):
	}
}

func pool(file string) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	if file == "" {
		return roots, nil
	}
	text, err := os.ReadFile(file)
	if err == nil && !roots.AppendCertsFromPEM(text) {
		err = fmt.Errorf("%s holds no certificate", file)
	}
	return roots, err
}

// flow is an open loop: a request leaves at its time whatever became of those before it, and its latency counts from that time.
// Over https each has a connection of its own, so that each is a handshake in which the server's certificate is verified.
func flow(book *ledger, work *shift, name, address string, interval, patience time.Duration, roots *x509.CertPool, fresh bool) {
	transport := &http.Transport{
		MaxIdleConnsPerHost: 1024,
		DialContext:         (&net.Dialer{Timeout: patience}).DialContext,
		DisableKeepAlives:   fresh || strings.HasPrefix(address, "https:"),
		TLSClientConfig:     &tls.Config{RootCAs: roots},
	}
	client := &http.Client{Timeout: patience, Transport: transport}
	// Flows of one rate do not all send in the same moment.
	first := time.Now().Add(rand.N(interval))
	for due := first; work.until(due); due = due.Add(interval) {
		work.start(func() {
			outcome := ask(client, address)
			book.add(name, due, time.Since(due), outcome)
		})
	}
}

// ask returns 200, or what came instead. Whoever asked in vain says how far the request had come, since a gateway ends a connection for other reasons
// in its handshake than after it.
func ask(client *http.Client, address string) string {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return failure(err, "before it was sent")
	}
	come := &progress{}
	answer, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), come.watched())))
	if err != nil {
		return failure(err, come.far())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return failure(err, "within its answer")
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", answer.StatusCode, body)
	}
	return "200"
}

func failure(err error, far string) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timeout " + far
	}
	return fmt.Sprintf("error %s: %v", far, err)
}

// progress is how far a request has come. A dial may go on after its request was given up, so another goroutine may write while it is read.
type progress struct{ stage atomic.Int32 }

var stages = []string{"before it was connected", "in its TLS handshake", "before it was sent", "before an answer", "within its answer"}

func (p *progress) far() string { return stages[p.stage.Load()] }

func (p *progress) watched() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		TLSHandshakeStart:    func() { p.stage.Store(1) },
		GotConn:              func(httptrace.GotConnInfo) { p.stage.Store(2) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { p.stage.Store(3) },
		GotFirstResponseByte: func() { p.stage.Store(4) },
	}
}
