// Command load sends packets through a TURN server and counts what arrives, for `python -m bench.relays`.
//
// It opens relays, says "ready" on its standard output, and then answers each line of its standard input by a
// slice of load and a line of JSON about it.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/turn/v5"
)

// options say what one person sends and gets: bursts as of a video, in both directions.
type options struct {
	server, transport, username, password string

	streams, size, burst int
	every, lasts         time.Duration
}

func main() {
	log.SetFlags(0)
	var chosen options
	flag.StringVar(&chosen.server, "server", "127.0.0.1:3478", "address of the TURN server")
	flag.StringVar(&chosen.transport, "transport", "udp", "udp, tcp or tls")
	flag.StringVar(&chosen.username, "username", "", "username of the credentials")
	flag.StringVar(&chosen.password, "password", "", "password of the credentials")
	flag.IntVar(&chosen.streams, "streams", 20, "relays, each with a stream in either direction")
	flag.IntVar(&chosen.size, "size", 1100, "bytes of a packet")
	flag.IntVar(&chosen.burst, "burst", 4, "packets of a burst")
	flag.DurationVar(&chosen.every, "every", 33*time.Millisecond, "time between bursts")
	flag.DurationVar(&chosen.lasts, "lasts", 2*time.Second, "length of a slice")
	flag.Parse()
	if err := run(chosen); err != nil {
		log.Fatalf("load: %s", err)
	}
}

func run(chosen options) error {
	streams := []*stream{}
	for range chosen.streams {
		one, err := open(chosen)
		if err != nil {
			return err
		}
		defer one.close()
		streams = append(streams, one)
	}
	slice(streams, chosen, time.Second) // until channels are bound
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		counted, err := json.Marshal(slice(streams, chosen, chosen.lasts))
		if err != nil {
			return err
		}
		fmt.Println(string(counted))
	}
	return lines.Err()
}

// figures are those of a slice, of all streams and both directions.
type figures struct {
	Sent          int64 `json:"sent"`
	Received      int64 `json:"received"`
	ReceivedBytes int64 `json:"received_bytes"`
}

func slice(streams []*stream, chosen options, lasts time.Duration) figures {
	var before, after figures
	for _, one := range streams {
		one.add(&before)
	}
	var sending sync.WaitGroup
	for at, one := range streams {
		// Streams of several people do not keep time with each other.
		pause := chosen.every * time.Duration(at) / time.Duration(len(streams))
		sending.Add(1)
		go func() {
			defer sending.Done()
			time.Sleep(pause)
			one.send(chosen, lasts)
		}()
	}
	sending.Wait()
	time.Sleep(50 * time.Millisecond) // what is still on its way
	for _, one := range streams {
		one.add(&after)
	}
	return figures{
		Sent:          after.Sent - before.Sent,
		Received:      after.Received - before.Received,
		ReceivedBytes: after.ReceivedBytes - before.ReceivedBytes,
	}
}

// stream is a relay and the peer that it is for.
type stream struct {
	line    net.PacketConn // to the server
	client  *turn.Client
	relayed net.PacketConn
	peer    *net.UDPConn

	sent, received, receivedBytes atomic.Int64
}

func open(chosen options) (*stream, error) {
	line, err := connect(chosen)
	if err != nil {
		return nil, err
	}
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: chosen.server,
		TURNServerAddr: chosen.server,
		Username:       chosen.username,
		Password:       chosen.password,
		Conn:           line,
	})
	if err != nil {
		return nil, err
	}
	if err := client.Listen(); err != nil {
		return nil, err
	}
	relayed, err := client.Allocate()
	if err != nil {
		return nil, err
	}
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	one := &stream{line: line, client: client, relayed: relayed, peer: peer}
	go one.receive(relayed)
	go one.receive(peer)
	return one, nil
}

func connect(chosen options) (net.PacketConn, error) {
	switch chosen.transport {
	case "udp":
		return net.ListenPacket("udp4", "127.0.0.1:0")
	case "tcp":
		conn, err := net.Dial("tcp", chosen.server)
		return turn.NewSTUNConn(conn), err
	case "tls":
		// The server is this machine's own, which has been started a moment ago.
		conn, err := tls.Dial("tcp", chosen.server, &tls.Config{InsecureSkipVerify: true})
		return turn.NewSTUNConn(conn), err
	}
	return nil, errors.New("transport: udp, tcp or tls")
}

func (s *stream) send(chosen options, lasts time.Duration) {
	packet := make([]byte, chosen.size)
	bursts := time.NewTicker(chosen.every)
	defer bursts.Stop()
	for ends := time.Now().Add(lasts); time.Now().Before(ends); <-bursts.C {
		for range chosen.burst {
			if _, err := s.relayed.WriteTo(packet, s.peer.LocalAddr()); err == nil {
				s.sent.Add(1)
			}
			if _, err := s.peer.WriteTo(packet, s.relayed.LocalAddr()); err == nil {
				s.sent.Add(1)
			}
		}
	}
}

func (s *stream) receive(conn net.PacketConn) {
	into := make([]byte, 2048)
	for {
		size, _, err := conn.ReadFrom(into)
		if err != nil {
			return
		}
		s.received.Add(1)
		s.receivedBytes.Add(int64(size))
	}
}

func (s *stream) add(to *figures) {
	to.Sent += s.sent.Load()
	to.Received += s.received.Load()
	to.ReceivedBytes += s.receivedBytes.Load()
}

func (s *stream) close() {
	_ = s.relayed.Close()
	s.client.Close()
	_ = s.line.Close()
	_ = s.peer.Close()
}
