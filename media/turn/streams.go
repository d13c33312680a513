package main

import (
	"crypto/tls"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	mostConnections = 8192
	mostOfOneHost   = 4096
)

// boundedListener accepts so many connections at a time, and so many of one address; further ones are closed.
type boundedListener struct {
	net.Listener
	mutex  sync.Mutex
	all    int
	byHost map[string]int
}

func bounded(listener net.Listener) *boundedListener {
	return &boundedListener{Listener: listener, byHost: map[string]int{}}
}

func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		if l.take(host) {
			return &countedConn{Conn: conn, give: sync.OnceFunc(func() { l.give(host) })}, nil
		}
		_ = conn.Close()
	}
}

func (l *boundedListener) take(host string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.all >= mostConnections || l.byHost[host] >= mostOfOneHost {
		return false
	}
	l.all++
	l.byHost[host]++
	return true
}

func (l *boundedListener) give(host string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.all--
	if l.byHost[host]--; l.byHost[host] == 0 {
		delete(l.byHost, host)
	}
}

type countedConn struct {
	net.Conn
	give func()
}

func (c *countedConn) Close() error {
	c.give()
	return c.Conn.Close()
}

// certificates reads the files again where they have changed: certificates are renewed while calls go on.
type certificates struct {
	chain, key string

	mutex   sync.Mutex
	loaded  *tls.Certificate
	changed time.Time
}

func listenTLS(config configuration) (net.Listener, error) {
	files := &certificates{chain: config.Certificate, key: config.Key}
	if _, err := files.get(nil); err != nil {
		return nil, err
	}
	address := net.JoinHostPort(config.Listen, strconv.Itoa(config.TLSPort))
	stream, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(bounded(stream), &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: files.get,
	}), nil
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
