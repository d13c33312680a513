package main

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"log"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	pauseAfterError = 50 * time.Millisecond
	hostBitsOfIPv6  = 64
)

// connections counts what all listeners have accepted, by host too: an IPv4 address, or a /64 of IPv6.
type connections struct {
	most, mostOfOneHost int

	mutex  sync.Mutex
	all    int
	byHost map[netip.Prefix]int
}

func newConnections(config configuration) *connections {
	return &connections{
		most:          config.MostConnections,
		mostOfOneHost: config.MostOfOneHost,
		byHost:        map[netip.Prefix]int{},
	}
}

func (c *connections) take(host netip.Prefix) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.all >= c.most || c.byHost[host] >= c.mostOfOneHost {
		return false
	}
	c.all++
	c.byHost[host]++
	return true
}

func (c *connections) give(host netip.Prefix) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.all--
	if c.byHost[host]--; c.byHost[host] == 0 {
		delete(c.byHost, host)
	}
}

func hostOf(remote net.Addr) netip.Prefix {
	address, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return netip.Prefix{}
	}
	host := address.Addr().Unmap().WithZone("")
	bits := host.BitLen()
	if host.Is6() {
		bits = hostBitsOfIPv6
	}
	return netip.PrefixFrom(host, bits).Masked()
}

// boundedListener closes a connection at once where there are too many. With `secure` it speaks TLS.
type boundedListener struct {
	net.Listener
	connections *connections
	secure      *tls.Config
	first       time.Duration // for the handshake of TLS and the first message
	silent      time.Duration // for each further read
}

func listenTCP(
	config configuration, address string, port int, counted *connections, secure *tls.Config,
) (net.Listener, error) {
	stream, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return &boundedListener{
		Listener:    stream,
		connections: counted,
		secure:      secure,
		first:       seconds(config.FirstMessageSeconds),
		silent:      seconds(config.SilentSeconds),
	}, nil
}

func seconds(number float64) time.Duration {
	return time.Duration(number * float64(time.Second))
}

// Accept goes on after an error, such as too many open files: the server listens for as long as it runs.
func (l *boundedListener) Accept() (net.Conn, error) {
	failed := false
	for {
		conn, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			if !failed {
				log.Printf("no connection is accepted: %s", err)
			}
			failed = true
			time.Sleep(pauseAfterError)
			continue
		}
		host := hostOf(conn.RemoteAddr())
		if !l.connections.take(host) {
			_ = conn.Close()
			continue
		}
		if l.secure != nil {
			conn = tls.Server(conn, l.secure)
		}
		_ = conn.SetDeadline(time.Now().Add(l.first))
		return &boundedConn{
			Conn: conn, silent: l.silent, give: sync.OnceFunc(func() { l.connections.give(host) }),
		}, nil
	}
}

// boundedConn ends when its client is silent for too long. It hides from pion/turn that a connection speaks TLS,
// since that leaves a connection open whose handshake has failed. The first read makes the handshake instead.
type boundedConn struct {
	net.Conn
	silent time.Duration
	give   func()

	first firstMessage
}

// Read has one deadline for all of the first message, so that nobody holds a connection by single bytes.
func (c *boundedConn) Read(into []byte) (int, error) {
	if c.first.isComplete {
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.silent)); err != nil {
			return 0, err
		}
		return c.Conn.Read(into)
	}
	size, err := c.Conn.Read(into)
	if err == nil && c.first.read(into[:size]) {
		err = c.Conn.SetDeadline(time.Time{})
	}
	return size, err
}

func (c *boundedConn) Close() error {
	c.give()
	return c.Conn.Close()
}

// firstMessage follows a STUN message by the length that its header says (RFC 8489, section 5).
type firstMessage struct {
	isComplete bool
	header     []byte
	size       int
}

const headerSize = 20

// read returns true once the message is complete.
func (m *firstMessage) read(bytes []byte) bool {
	missing := min(headerSize-len(m.header), len(bytes))
	m.header = append(m.header, bytes[:missing]...)
	m.size += len(bytes)
	if len(m.header) == headerSize {
		m.isComplete = m.size >= headerSize+int(binary.BigEndian.Uint16(m.header[2:4]))
	}
	return m.isComplete
}

// certificates reads the files again where they have changed: certificates are renewed while calls go on.
type certificates struct {
	chain, key string

	mutex   sync.Mutex
	loaded  *tls.Certificate
	changed time.Time
}

func newTLS(config configuration) (*tls.Config, error) {
	files := &certificates{chain: config.Certificate, key: config.Key}
	if _, err := files.get(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}, nil
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	file, err := os.Stat(c.chain)
	if err == nil && c.loaded != nil && file.ModTime().Equal(c.changed) {
		return c.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(c.chain, c.key)
	if err != nil {
		if c.loaded != nil { // half of a renewal: the next handshake tries again
			return c.loaded, nil
		}
		return nil, err
	}
	c.loaded = &pair
	if file != nil {
		c.changed = file.ModTime()
	}
	return c.loaded, nil
}
