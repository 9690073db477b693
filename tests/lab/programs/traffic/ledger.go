package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ledger holds a line for every request that has come to its end: flow, when it was due and how long it took (microseconds), what became of it.
// With a file each line is written there as well, at once, so that it outlives the sender.
type ledger struct {
	lock  sync.Mutex
	lines []string
	file  *os.File
}

// kept is a ledger whose lines stand in a folder too, in a file with the name of this machine (of a pod, its own).
func kept(folder string) (*ledger, error) {
	if folder == "" {
		return &ledger{}, nil
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return &ledger{file: file}, err
}

// add counts from the moment at which a request was due, not from the one at which it was sent.
func (l *ledger) add(flow string, due time.Time, took time.Duration, outcome string) {
	line := fmt.Sprintf("%s %d %d %s\n", flow, due.UnixMicro(), took.Microseconds(), oneLine(outcome))
	l.lock.Lock()
	defer l.lock.Unlock()
	l.lines = append(l.lines, line)
	if l.file != nil {
		_, _ = l.file.WriteString(line)
	}
}

func (l *ledger) since(first int) []string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.lines[min(max(first, 0), len(l.lines)):]
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	first, _ := strconv.Atoi(request.URL.Query().Get("since"))
	for _, line := range l.since(first) {
		if _, err := io.WriteString(w, line); err != nil {
			return
		}
	}
}

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 240)]
}

func take(arguments []string) error {
	flags := flag.NewFlagSet("take", flag.ExitOnError)
	since := flags.Int("since", 0, "records to pass over")
	control := flags.String("control", "127.0.0.1:9000", "address of the sender")
	_ = flags.Parse(arguments)
	answer, err := http.Get(fmt.Sprintf("http://%s/?since=%d", *control, *since))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
