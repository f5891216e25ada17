package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
)

const (
	opMsg       = 2013
	headerBytes = 16
	// What the server says it takes (maxMessageSizeBytes).
	messageBytesMax = 48_000_000
	moreToCome      = 1 << 1
)

// FerretDB 1 reads, changes and writes a document in separate steps: of twenty $inc at once several give the same value. MongoDB promises
// that one command changes one document at once, and everything that is written for it relies on that. So commands that write take turns.
var writing sync.Mutex

// Names of commands that only read.
var reads = map[string]bool{
	"aggregate": true, "buildInfo": true, "count": true, "distinct": true, "find": true, "getMore": true, "hello": true, "isMaster": true,
	"ismaster": true, "killCursors": true, "listCollections": true, "listDatabases": true, "listIndexes": true, "ping": true,
}

// relay serves each connection with one of its own to the server behind.
func relay(listener net.Listener, behind string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer client.Close()
			if err := pass(client, behind); err != nil && !errors.Is(err, io.EOF) {
				log.Println(err)
			}
		}()
	}
}

func pass(client net.Conn, behind string) error {
	server, err := net.Dial("tcp", behind)
	if err != nil {
		return err
	}
	defer server.Close()
	for {
		asked, err := message(client)
		if err != nil {
			return err
		}
		answer, err := ask(server, asked)
		if err != nil {
			return err
		}
		if _, err := client.Write(answer); err != nil {
			return err
		}
	}
}

// ask gives the answer, which is empty where none is wanted. Drivers send nothing else on a connection before they have it.
func ask(server net.Conn, asked []byte) ([]byte, error) {
	if !reads[command(asked)] {
		writing.Lock()
		defer writing.Unlock()
	}
	if _, err := server.Write(asked); err != nil {
		return nil, err
	}
	if isMsg(asked) && binary.LittleEndian.Uint32(asked[headerBytes:])&moreToCome != 0 {
		return nil, nil
	}
	return message(server)
}

func message(from net.Conn) ([]byte, error) {
	header := make([]byte, headerBytes)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header)
	if size < headerBytes || size > messageBytesMax {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	whole := make([]byte, size)
	copy(whole, header)
	_, err := io.ReadFull(from, whole[headerBytes:])
	return whole, err
}

// command is the name of the first field of the first section: after the flags, its kind, the length of the document and the field's type.
func command(message []byte) string {
	const at = headerBytes + 4 + 1 + 4 + 1
	if !isMsg(message) || len(message) <= at {
		return ""
	}
	name, _, _ := bytes.Cut(message[at:], []byte{0})
	return string(name)
}

func isMsg(message []byte) bool {
	return len(message) >= headerBytes+4 && binary.LittleEndian.Uint32(message[12:]) == opMsg
}
