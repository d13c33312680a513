// Command parlour-turn is the STUN and TURN server (RFC 8489, RFC 8656) that Parlour runs beside itself.
//
// Its only argument is a configuration in JSON, which src/parlour/turn/own_server.py writes, or the flag by which
// Parlour asks for the version of configurations that it reads. It ends when its standard input ends, so it never
// outlives the Parlour that started it.
package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/pion/turn/v5"
)

const versionFlag = "--configuration-version"

// configurationVersion is the one of own_server.py. It is a variable for the linker: a test builds others.
var configurationVersion = "3"

type configuration struct {
	Realm        string         `json:"realm"`
	Secret       string         `json:"secret"`
	Listen       []string       `json:"listen"` // all addresses where there is none
	Port         int            `json:"port"`
	TLSPort      int            `json:"tls_port"` // 0 for none
	Certificate  string         `json:"certificate"`
	Key          string         `json:"key"`
	Relay        netip.Addr     `json:"relay"`    // where relayed packets are sent from
	External     netip.Addr     `json:"external"` // how others see that address
	FirstPort    int            `json:"first_port"`
	LastPort     int            `json:"last_port"`
	Quota        int            `json:"quota"`
	DeniedPeers  []netip.Prefix `json:"denied_peers"`
	AllowedPeers []netip.Prefix `json:"allowed_peers"`
	OwnServices  []int          `json:"own_services"` // UDP ports of this machine that relays may reach

	// Bounds of connections over TCP and TLS together.
	MostConnections     int     `json:"most_connections"`
	MostOfOneHost       int     `json:"most_of_one_host"`
	FirstMessageSeconds float64 `json:"first_message_seconds"`
	SilentSeconds       float64 `json:"silent_seconds"`
}

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatalf("parlour-turn: %s", err)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: parlour-turn CONFIGURATION, or " + versionFlag)
	}
	if os.Args[1] == versionFlag {
		_, err := fmt.Println(configurationVersion)
		return err
	}
	config, err := read(os.Args[1])
	if err != nil {
		return err
	}
	useFewCores()
	server, err := start(config)
	if err != nil {
		return err
	}
	log.Printf("listening on port %d", config.Port)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended <- syscall.SIGTERM
	}()
	<-ended
	return server.Close()
}

// useFewCores runs on half of the cores unless the environment says another number. A packet then wakes fewer threads,
// which takes a tenth less CPU time on two cores, and the other half is for whatever else runs here.
func useFewCores() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

func read(file string) (configuration, error) {
	var config configuration
	text, err := os.ReadFile(file)
	if err != nil {
		return config, err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return config, fmt.Errorf("%s: %w", file, err)
	}
	if config.MostConnections <= 0 || config.MostOfOneHost <= 0 || config.FirstMessageSeconds <= 0 ||
		config.SilentSeconds <= 0 {
		return config, fmt.Errorf("%s: bounds of connections are needed", file)
	}
	if config.Secret == "" || !config.Relay.IsValid() || !config.External.IsValid() {
		return config, fmt.Errorf("%s: secret, relay and external are needed", file)
	}
	return config, nil
}

// start listens over UDP and TCP, and over TLS where there is a certificate.
func start(config configuration) (*turn.Server, error) {
	relay := &relay{config: config}
	people := newPeople(config.Secret, config.Quota)
	server := turn.ServerConfig{
		Realm:        config.Realm,
		AuthHandler:  people.key,
		QuotaHandler: people.mayAllocate,
		EventHandler: people.events(),
		// A client that asks for no family gets a relay of IPv4, even if it comes over IPv6 (RFC 8656, section
		// 7.2). Where relays are of IPv6 alone, its own family is the better guess.
		StrictAddressFamily: config.Relay.Unmap().Is4(),
	}
	counted := newConnections(config)
	listen := func(address string, port int, secure *tls.Config) error {
		stream, err := listenTCP(config, address, port, counted, secure)
		if err != nil {
			return err
		}
		server.ListenerConfigs = append(server.ListenerConfigs, turn.ListenerConfig{
			Listener: stream, RelayAddressGenerator: relay, PermissionHandler: relay.permits,
		})
		return nil
	}
	var secure *tls.Config
	if config.TLSPort != 0 {
		var err error
		if secure, err = newTLS(config); err != nil {
			return nil, err
		}
	}
	for _, address := range config.addresses() {
		datagrams, err := net.ListenPacket("udp", net.JoinHostPort(address, strconv.Itoa(config.Port)))
		if err != nil {
			return nil, err
		}
		server.PacketConnConfigs = append(server.PacketConnConfigs, turn.PacketConnConfig{
			PacketConn: datagrams, RelayAddressGenerator: relay, PermissionHandler: relay.permits,
		})
		if err := listen(address, config.Port, nil); err != nil {
			return nil, err
		}
		if secure == nil {
			continue
		}
		if err := listen(address, config.TLSPort, secure); err != nil {
			return nil, err
		}
	}
	return turn.NewServer(server)
}

// addresses returns the addresses to listen on; the empty one stands for all.
func (c configuration) addresses() []string {
	if len(c.Listen) == 0 {
		return []string{""}
	}
	return c.Listen
}
