package main

import (
	"context"
	"encoding/binary"
	"io"
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
//
// With a turn, a stream that is so old gets no more messages: the next one is opened and takes them, and the old one is closed when all of its
// messages are answered. A client that does so follows a server that goes away, since a new stream is where the proxies can say so.
func hold(book *ledger, work *shift, name, address string, pace, patience, turn time.Duration) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	if err != nil {
		book.add(name, time.Now(), 0, "broken "+err.Error())
		return
	}
	for due := time.Now(); work.until(due); {
		due, err = converse(book, work, name, connection, due, pace, patience, turn)
		if err != nil {
			book.add(name, time.Now(), 0, "broken "+err.Error())
			due = time.Now().Add(pace)
		}
	}
}

// converse sends over one stream until it breaks, its turn is over, or nothing new is to be begun; it returns when the next message is due.
func converse(book *ledger, work *shift, name string, connection *grpc.ClientConn, due time.Time, pace, patience, turn time.Duration) (time.Time, error) {
	context, cancel := context.WithCancel(context.Background())
	stream, err := connection.NewStream(context, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, echoMethod)
	if err != nil {
		cancel()
		return due, err
	}
	open, broken := &waiting{sent: map[uint64]time.Time{}}, make(chan error, 1)
	go listen(book, name, stream, open, broken)
	last := due.Add(turn)
	for number := uint64(1); turn == 0 || due.Before(last); number++ {
		select {
		case err := <-broken:
			cancel()
			lose(book, name, open.overdue(time.Now()), "lost: the stream broke")
			return due, err
		case <-work.ended:
			last = due
			turn = pace
			continue
		case <-time.After(time.Until(due)):
		}
		open.put(number, due)
		message := binary.BigEndian.AppendUint64(nil, number)
		// Why it could not be sent is told to the listener.
		_ = stream.SendMsg(&message)
		lose(book, name, open.overdue(time.Now().Add(-patience)), "lost: no answer")
		due = due.Add(pace)
	}
	work.start(func() {
		defer cancel()
		finish(book, name, stream, open, broken, patience)
	})
	return due, nil
}

// finish says that no more comes, and waits for the answers to what was sent.
func finish(book *ledger, name string, stream grpc.ClientStream, open *waiting, broken chan error, patience time.Duration) {
	_ = stream.CloseSend()
	select {
	case err := <-broken:
		if left := open.overdue(time.Now()); len(left) > 0 || err != io.EOF {
			book.add(name, time.Now(), 0, "broken "+err.Error())
			lose(book, name, left, "lost: the stream broke")
		}
	case <-time.After(patience):
		lose(book, name, open.overdue(time.Now()), "lost: no answer")
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
