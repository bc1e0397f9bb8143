// Asks the code of kube-apiserver what it makes of an EncryptionConfiguration: whether it loads, what it puts in front of
// a value, and which stored values it reads. One question a line of stdin, one answer a line of stdout, in JSON.
//
// It also is a KMS plugin, of versions 1 and 2, on the socket that the first argument names. It hides nothing.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
	kmsv1 "k8s.io/kms/apis/v1beta1"
	kmsv2 "k8s.io/kms/apis/v2"
)

type question struct {
	Config    string   `json:"config"`
	Reload    bool     `json:"reload"`
	KMSv1     bool     `json:"kmsV1"`
	Resources []string `json:"resources"`
	Values    [][]byte `json:"values"`
}

type answer struct {
	// Why it does not load.
	Error string `json:"error,omitempty"`
	// What is stored of each resource; null where a plugin does not answer.
	Stored [][]byte `json:"stored,omitempty"`
	// For each resource, what becomes of each value.
	Reads [][]read `json:"reads,omitempty"`
}

type read struct {
	OK    bool `json:"ok"`
	Stale bool `json:"stale"`
}

// The ciphers that authenticate the place of a value are told the same one every time.
var place = value.DefaultContext("/registry/oracle")

var plaintext = []byte("k8s\x00hello oracle")

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: encryption SOCKET < questions")
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	if err := flags.Parse([]string{"-logtostderr=false", "-stderrthreshold=4"}); err != nil {
		return err
	}
	klog.SetOutput(io.Discard)
	if err := serve(os.Args[1]); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		answered, err := ask(asked)
		if err != nil {
			return err
		}
		if err := answers.Encode(answered); err != nil {
			return err
		}
	}
	return lines.Err()
}

func ask(asked question) (*answer, error) {
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{"KMSv1": asked.KMSv1}); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp("", "encryption-*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(asked.Config); err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	config, err := encryptionconfig.LoadEncryptionConfig(ctx, file.Name(), asked.Reload, "oracle")
	if err != nil {
		return &answer{Error: err.Error()}, nil
	}
	transformers := encryptionconfig.StaticTransformers(config.Transformers)
	result := &answer{}
	for _, name := range asked.Resources {
		transformer := transformers.TransformerForResource(schema.ParseGroupResource(name))
		stored, err := transformer.TransformToStorage(ctx, plaintext, place)
		if err != nil {
			stored = nil
		}
		reads := make([]read, len(asked.Values))
		for i, value := range asked.Values {
			out, stale, err := transformer.TransformFromStorage(ctx, value, place)
			reads[i] = read{OK: err == nil && string(out) == string(plaintext), Stale: err == nil && stale}
		}
		result.Stored = append(result.Stored, stored)
		result.Reads = append(result.Reads, reads)
	}
	return result, nil
}

type plugin1 struct {
	kmsv1.UnimplementedKeyManagementServiceServer
}

type plugin2 struct {
	kmsv2.UnimplementedKeyManagementServiceServer
}

func serve(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	kmsv1.RegisterKeyManagementServiceServer(server, &plugin1{})
	kmsv2.RegisterKeyManagementServiceServer(server, &plugin2{})
	go server.Serve(listener)
	return nil
}

func turn(bytes []byte) []byte {
	turned := make([]byte, len(bytes))
	for i, b := range bytes {
		turned[i] = b ^ 0x5a
	}
	return turned
}

func (*plugin1) Version(context.Context, *kmsv1.VersionRequest) (*kmsv1.VersionResponse, error) {
	return &kmsv1.VersionResponse{Version: "v1beta1", RuntimeName: "oracle", RuntimeVersion: "1"}, nil
}

func (*plugin1) Encrypt(_ context.Context, request *kmsv1.EncryptRequest) (*kmsv1.EncryptResponse, error) {
	return &kmsv1.EncryptResponse{Cipher: turn(request.Plain)}, nil
}

func (*plugin1) Decrypt(_ context.Context, request *kmsv1.DecryptRequest) (*kmsv1.DecryptResponse, error) {
	return &kmsv1.DecryptResponse{Plain: turn(request.Cipher)}, nil
}

func (*plugin2) Status(context.Context, *kmsv2.StatusRequest) (*kmsv2.StatusResponse, error) {
	return &kmsv2.StatusResponse{Version: "v2", Healthz: "ok", KeyId: "oracle-key"}, nil
}

func (*plugin2) Encrypt(_ context.Context, request *kmsv2.EncryptRequest) (*kmsv2.EncryptResponse, error) {
	return &kmsv2.EncryptResponse{Ciphertext: turn(request.Plaintext), KeyId: "oracle-key"}, nil
}

func (*plugin2) Decrypt(_ context.Context, request *kmsv2.DecryptRequest) (*kmsv2.DecryptResponse, error) {
	return &kmsv2.DecryptResponse{Plaintext: turn(request.Ciphertext)}, nil
}
