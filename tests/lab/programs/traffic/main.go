// Open-loop traffic with a record of every request: what a drill sends, what answers it, and what became of each.
//
//	traffic serve -http :8080 -grpc :8081        answers
//	traffic send  -flow NAME=URL@RATE ...        sends, RATE requests a second, whether or not the ones before were answered
//	              -stream NAME=HOST:PORT[/TIME]  and holds one gRPC stream, or one after the other that each last so long
//	traffic take  -since N                       prints the records of the sender beside it, from the N-th on
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"serve": serve, "send": send, "take": take}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: traffic serve|send|take [options]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "traffic:", err)
		os.Exit(1)
	}
}
