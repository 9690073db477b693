package main

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// waiting are the messages of a stream that have not been answered yet.
type waiting struct {
	lock sync.Mutex
	sent map[uint64]time.Time
}

func (w *waiting) put(number uint64, due time.Time) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.sent[number] = due
}

func (w *waiting) answered(number uint64) (time.Time, bool) {
	w.lock.Lock()
	defer w.lock.Unlock()
	due, found := w.sent[number]
	delete(w.sent, number)
	return due, found
}

// overdue takes away what was due before a moment.
func (w *waiting) overdue(before time.Time) []time.Time {
	w.lock.Lock()
	defer w.lock.Unlock()
	var late []time.Time
	for number, due := range w.sent {
		if due.Before(before) {
			late = append(late, due)
			delete(w.sent, number)
		}
	}
	return late
}

// hold keeps one stream. Should it break, that is recorded and another is opened.
func hold(book *ledger, name, address string, pace, patience time.Duration) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	if err != nil {
		book.add(name, time.Now(), 0, "broken "+err.Error())
		return
	}
	for {
		err := converse(book, name, connection, pace, patience)
		book.add(name, time.Now(), 0, "broken "+err.Error())
		time.Sleep(pace)
	}
}

func converse(book *ledger, name string, connection *grpc.ClientConn, pace, patience time.Duration) error {
	context, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := connection.NewStream(context, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, echoMethod)
	if err != nil {
		return err
	}
	open, broken := &waiting{sent: map[uint64]time.Time{}}, make(chan error, 1)
	go listen(book, name, stream, open, broken)
	number := uint64(0)
	for due := time.Now(); ; due = due.Add(pace) {
		select {
		case err := <-broken:
			lose(book, name, open.overdue(time.Now()), "lost: the stream broke")
			return err
		case <-time.After(time.Until(due)):
		}
		number++
		open.put(number, due)
		message := binary.BigEndian.AppendUint64(nil, number)
		// Why it could not be sent is told to the listener.
		_ = stream.SendMsg(&message)
		lose(book, name, open.overdue(time.Now().Add(-patience)), "lost: no answer")
	}
}

func listen(book *ledger, name string, stream grpc.ClientStream, open *waiting, broken chan<- error) {
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			broken <- err
			return
		}
		if due, found := open.answered(binary.BigEndian.Uint64(message)); found {
			book.add(name, due, time.Since(due), "200")
		}
	}
}

func lose(book *ledger, name string, late []time.Time, why string) {
	for _, due := range late {
		book.add(name, due, time.Since(due), why)
	}
}
