package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/turn/v5"
)

// people knows credentials that Parlour has issued, and how many allocations each person has.
type people struct {
	secret string
	quota  int

	mutex       sync.Mutex
	allocations map[string]int
}

func newPeople(secret string, quota int) *people {
	return &people{secret: secret, quota: quota, allocations: map[string]int{}}
}

// key returns the person and the key of a username `expiry:person` (draft-uberti-behave-turn-rest-00). It is
// asked at each refresh of an allocation too, so none outlives its credentials by more than its lifetime.
func (p *people) key(request *turn.RequestAttributes) (string, []byte, bool) {
	expiry, person, found := strings.Cut(request.Username, ":")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	if !found || err != nil || seconds <= time.Now().Unix() {
		return "", nil, false
	}
	digest := hmac.New(sha1.New, []byte(p.secret))
	digest.Write([]byte(request.Username))
	password := base64.StdEncoding.EncodeToString(digest.Sum(nil))
	return person, turn.GenerateAuthKey(request.Username, request.Realm, password), true
}

func (p *people) mayAllocate(person, _ string, _ net.Addr) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.allocations[person] < p.quota
}

func (p *people) events() turn.EventHandler {
	return turn.EventHandler{
		OnAllocationCreated: func(_, _ net.Addr, _, person, _ string, _ net.Addr, _ int) {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			p.allocations[person]++
		},
		OnAllocationDeleted: func(_, _ net.Addr, _, person, _ string) {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			if p.allocations[person]--; p.allocations[person] <= 0 {
				delete(p.allocations, person)
			}
		},
	}
}
