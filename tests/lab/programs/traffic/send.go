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
	"os"
	"strconv"
	"strings"
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
	flags.Var(streams, "stream", "NAME=HOST:PORT")
	_ = flags.Parse(arguments)
	roots, err := pool(*trusted)
	if err != nil {
		return err
	}
	book := &ledger{}
	for name, value := range flows {
		address, text, _ := strings.Cut(value, "@")
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || rate <= 0 {
			return fmt.Errorf("the flow %s has no rate", name)
		}
		go flow(book, name, address, time.Duration(float64(time.Second)/rate), *patience, roots)
	}
	for name, address := range streams {
		go hold(book, name, address, *pace, *patience)
	}
	return http.ListenAndServe(*control, book)
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
func flow(book *ledger, name, address string, interval, patience time.Duration, roots *x509.CertPool) {
	transport := &http.Transport{
		MaxIdleConnsPerHost: 1024,
		DialContext:         (&net.Dialer{Timeout: patience}).DialContext,
		DisableKeepAlives:   strings.HasPrefix(address, "https:"),
		TLSClientConfig:     &tls.Config{RootCAs: roots},
	}
	client := &http.Client{Timeout: patience, Transport: transport}
	// Flows of one rate do not all send in the same moment.
	begin := time.Now().Add(rand.N(interval))
	for due := begin; ; due = due.Add(interval) {
		time.Sleep(time.Until(due))
		go func(due time.Time) {
			outcome := ask(client, address)
			book.add(name, due, time.Since(due), outcome)
		}(due)
	}
}

func ask(client *http.Client, address string) string {
	answer, err := client.Get(address)
	if err != nil {
		return failure(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return failure(err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", answer.StatusCode, body)
	}
	return "200"
}

func failure(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timeout"
	}
	return "error " + err.Error()
}
