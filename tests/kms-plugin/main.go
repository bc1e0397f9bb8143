// A KMS plugin (version 2) for tests: `kms SOCKET KEY-ID`. It turns bits over and keeps no secret.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"k8s.io/kms/pkg/service"
)

type plugin struct{ key string }

func flip(bytes []byte) []byte {
	flipped := make([]byte, len(bytes))
	for at := range bytes {
		flipped[at] = ^bytes[at]
	}
	return flipped
}

func (p plugin) Decrypt(_ context.Context, _ string, request *service.DecryptRequest) ([]byte, error) {
	return flip(request.Ciphertext), nil
}

func (p plugin) Encrypt(_ context.Context, _ string, data []byte) (*service.EncryptResponse, error) {
	return &service.EncryptResponse{Ciphertext: flip(data), KeyID: p.key}, nil
}

func (p plugin) Status(context.Context) (*service.StatusResponse, error) {
	return &service.StatusResponse{Version: "v2", Healthz: "ok", KeyID: p.key}, nil
}

func main() {
	_ = os.Remove(os.Args[1])
	log.Fatal(service.NewGRPCService(os.Args[1], time.Second, plugin{os.Args[2]}).ListenAndServe())
}
