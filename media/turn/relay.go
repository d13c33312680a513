package main

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/turn/v5"
)

const attempts = 64

var (
	errNoPort   = errors.New("no port is free")
	errUDPAlone = errors.New("peers are reached over UDP alone")
	errFamily   = errors.New("relays are of another family of addresses")
)

// relay opens the sockets that packets are relayed from, and knows which peers they may reach.
type relay struct {
	config configuration
}

func (r *relay) Validate() error { return nil }

// AllocatePacketConn opens a socket on the port that is asked for, or on a random one of the range.
func (r *relay) AllocatePacketConn(wanted turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if (wanted.Network == "udp4") != r.config.Relay.Unmap().Is4() {
		return nil, nil, errFamily
	}
	count := r.config.LastPort - r.config.FirstPort + 1
	for range attempts {
		port := wanted.RequestedPort
		if port == 0 {
			port = r.config.FirstPort + rand.IntN(count)
		}
		if !r.isRelayPort(port) {
			return nil, nil, errNoPort
		}
		local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.config.Relay, uint16(port)))
		conn, err := net.ListenUDP(wanted.Network, local)
		if err == nil {
			shown := net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.config.External, uint16(port)))
			return &relayed{UDPConn: conn, relay: r}, shown, nil
		}
		if wanted.RequestedPort != 0 {
			return nil, nil, err
		}
	}
	return nil, nil, errNoPort
}

// AllocateListener and AllocateConn are for TCP to peers (RFC 6062), which browsers do not use.
func (r *relay) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errUDPAlone
}

func (r *relay) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) {
	return nil, errUDPAlone
}

// permits says whether packets may go to this peer: never into the network that this machine stands in.
func (r *relay) permits(_ net.Addr, peer net.IP) bool {
	address, ok := netip.AddrFromSlice(peer)
	if !ok {
		return false
	}
	address = address.Unmap()
	if r.isOwn(address) || contains(r.config.AllowedPeers, address) {
		return true
	}
	return !contains(r.config.DeniedPeers, address)
}

func (r *relay) isOwn(address netip.Addr) bool {
	return address == r.config.Relay || address == r.config.External
}

func (r *relay) isRelayPort(port int) bool {
	return port >= r.config.FirstPort && port <= r.config.LastPort
}

// reaches says whether packets may go to this port of the own machine.
func (r *relay) reaches(port int) bool {
	return r.isRelayPort(port) || slices.Contains(r.config.OwnServices, port)
}

func contains(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// relayed is a socket of one allocation. Of this machine it reaches other relays, two people who both need one, and
// the services that are named, such as an SFU; without a NAT that would have to send packets back to where they came
// from.
type relayed struct {
	*net.UDPConn
	relay *relay
}

func (c *relayed) WriteTo(packet []byte, to net.Addr) (int, error) {
	peer, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.ErrWriteToConnected
	}
	address := peer.AddrPort()
	if c.relay.isOwn(address.Addr().Unmap()) {
		if !c.relay.reaches(peer.Port) && !contains(c.relay.config.AllowedPeers, address.Addr().Unmap()) {
			return len(packet), nil
		}
		address = netip.AddrPortFrom(c.relay.config.Relay, address.Port())
	}
	return c.UDPConn.WriteToUDPAddrPort(packet, address)
}

func (c *relayed) ReadFrom(packet []byte) (int, net.Addr, error) {
	size, from, err := c.UDPConn.ReadFromUDPAddrPort(packet)
	if err != nil {
		return size, nil, err
	}
	address := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if address.Addr() == c.relay.config.Relay {
		address = netip.AddrPortFrom(c.relay.config.External, address.Port())
	}
	return size, net.UDPAddrFromAddrPort(address), nil
}
