// Command ferretdb speaks MongoDB's wire protocol and keeps what it is told in SQLite files. FerretDB's own command insists on being built
// in its repository; its package for embedding does not. Commands that write take turns (see relay.go), as a MongoDB's do.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "TCP address; port 0 takes a free one")
	dir := flag.String("dir", "", "folder of the SQLite files; it is made if it is not there")
	flag.Parse()
	if err := run(*listen, *dir); err != nil {
		log.Fatal(err)
	}
}

func run(listen, dir string) error {
	if dir == "" || flag.NArg() > 0 {
		return fmt.Errorf("usage: ferretdb -dir folder [-listen address:port]")
	}
	folder, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/", // FerretDB takes a folder by its last slash
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		// The address is known once the server runs, and until then the call waits.
		behind, err := url.Parse(server.MongoDBURI())
		if err != nil {
			log.Fatal(err)
		}
		// This line is an interface: with port 0 it says the port.
		fmt.Printf("listening on mongodb://%s/\n", listener.Addr())
		relay(listener, behind.Host)
	}()
	return server.Run(ctx)
}
