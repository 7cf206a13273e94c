// Command cluster runs a real kube-apiserver with etcd embedded in the same process, for crdguard's end-to-end tests.
// Everything after "--" goes to kube-apiserver as it stands. See README.md beside this file.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// etcdStartTimeout bounds how long etcd may take to replay its log; a fresh start takes less than a second.
const etcdStartTimeout = 30 * time.Second

func main() {
	dataDir := flag.String("data-dir", "", "directory that outlives a restart: etcd's data and the serving certificate (required)")
	securePort := flag.Int("secure-port", 6443, "port of the API server, on 127.0.0.1")
	etcdClientPort := flag.Int("etcd-client-port", 2379, "port of etcd's client API and JSON gateway, plain HTTP on 127.0.0.1")
	etcdPeerPort := flag.Int("etcd-peer-port", 2380, "port of etcd's peer API, on 127.0.0.1")
	exitWithStdin := flag.Bool("exit-with-stdin", false, "exit as soon as standard input is closed, so that the parent's death, even by SIGKILL, ends this process too")
	flag.Parse()

	if *dataDir == "" {
		fail("--data-dir is required: give a directory that a restart can use again")
	}
	if *exitWithStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
	}

	etcd, err := startEtcd(filepath.Join(*dataDir, "etcd"), loopback(*etcdClientPort), loopback(*etcdPeerPort))
	if err != nil {
		fail("etcd did not start: %v", err)
	}

	// kube-apiserver handles SIGTERM and SIGINT itself and returns from Run when it has drained.
	apiServer := app.NewAPIServerCommand()
	apiServer.SetArgs(append([]string{
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", *securePort),
		"--cert-dir=" + filepath.Join(*dataDir, "certificates"),
		"--etcd-servers=" + etcd.Config().AdvertiseClientUrls[0].String(),
	}, flag.Args()...))
	code := cli.Run(apiServer)
	etcd.Close()
	os.Exit(code)
}

// startEtcd starts a one-member etcd and returns when it serves. It never calls fsync: what it wrote survives the death
// of this process, by SIGKILL too, but not the death of the machine.
func startEtcd(dir string, client, peer url.URL) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Name = "test"
	config.Dir = dir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	// NewConfig leaves it at zero, which would log every request as slow.
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	// A single member elects itself after one election time-out: ten times shorter than the default, for a quick start.
	config.TickMs, config.ElectionMs = 10, 100

	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(etcdStartTimeout):
		etcd.Close()
		return nil, fmt.Errorf("not ready after %s", etcdStartTimeout)
	}
}

func loopback(port int) url.URL {
	return url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "cluster: "+format+"\n", arguments...)
	os.Exit(1)
}
