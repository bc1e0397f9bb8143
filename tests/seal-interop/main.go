// Opens and seals one value of the format in docs/format.md with Go's own crypto/hpke, and reads and signs keysets. Reads one
// JSON object from stdin, writes one to stdout.
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log"
	"os"
	"strings"
)

type request struct {
	Op        string // open or seal; verify or sign a keyset
	Suite     string
	Private   string // hexadecimal, to open
	Public    string // hexadecimal, to seal
	Scope     string
	Namespace string
	Name      string
	Type      string
	Key       string
	Commit    string
	Wrap      string
	Value     string // ks1.SLOT.BASE64 to open, hexadecimal to seal

	Root       string // to verify: the pinned one
	Keyset     string // to verify: the text of the file
	Generation uint32 // to sign, with Private as the seed
	Keys       []key  // to sign
}

type answer struct {
	Kid       string `json:"kid,omitempty"`
	Slot      string `json:"slot,omitempty"`
	Commit    string `json:"commit,omitempty"`
	Ctx       string `json:"ctx,omitempty"`
	Wrap      string `json:"wrap,omitempty"`
	Value     string `json:"value,omitempty"`
	Plaintext string `json:"plaintext,omitempty"`
	Error     string `json:"error,omitempty"`

	Keyset  string  `json:"keyset,omitempty"`
	Root    string  `json:"root,omitempty"`
	Message string  `json:"message,omitempty"`
	Read    *keyset `json:"read,omitempty"`
}

var b64 = base64.RawURLEncoding.Strict()

func lp(parts ...string) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out
}

func b32(bytes []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(bytes))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func (r request) kem() hpke.KEM {
	if r.Suite == "xwing" {
		return hpke.MLKEM768X25519()
	}
	return must(hpke.NewKEM(0x0020))
}

func (r request) context() []byte { return lp("ksecrets/1", r.Scope, r.Namespace, r.Name) }

func (r request) ctx() string {
	part := func(what, value string) string {
		sum := sha256.Sum256(lp("ksecrets/1/ctx", r.Scope, what, value))
		return b32(sum[:5])
	}
	return part("namespace", r.Namespace) + "." + part("name", r.Name)
}

func (r request) kid(public []byte) string {
	sum := sha256.Sum256(lp("ksecrets/1/kid", r.Suite, string(public)))
	return r.Suite + "-" + b32(sum[:10])
}

func (r request) derive(dataKey []byte, salt string) []byte {
	return must(hkdf.Key(sha256.New, dataKey, []byte(salt), string(r.context()), 32))
}

func (r request) info() []byte { return append(lp("ksecrets/1/wrap", r.Suite), r.context()...) }

func (r request) aead(dataKey []byte) cipher.AEAD {
	return must(cipher.NewGCM(must(aes.NewCipher(r.derive(dataKey, "ksecrets/1/value")))))
}

func (r request) aad(slot string) []byte { return append(r.context(), lp(r.Key, r.Type, slot)...) }

func (r request) open() (string, error) {
	private, err := r.kem().NewPrivateKey(must(hex.DecodeString(r.Private)))
	if err != nil {
		return "", err
	}
	commit, wrap := must(b64.DecodeString(r.Commit)), must(b64.DecodeString(r.Wrap))
	length := 32
	if r.Suite == "xwing" {
		length = 1120
	}
	recipient, err := hpke.NewRecipient(wrap[:length], private, hpke.HKDFSHA256(), hpke.AES256GCM(), r.info())
	if err != nil {
		return "", err
	}
	kid := r.kid(private.PublicKey().Bytes())
	dataKey, err := recipient.Open(lp(kid, string(commit)), wrap[length:])
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(r.derive(dataKey, "ksecrets/1/commit"), commit) != 1 {
		return "", errors.New("wrong commitment")
	}
	parts := strings.Split(r.Value, ".")
	sealed := must(b64.DecodeString(parts[2]))
	plain, err := r.aead(dataKey).Open(nil, sealed[:12], sealed[12:], r.aad(parts[1]))
	return hex.EncodeToString(plain), err
}

func (r request) seal() answer {
	public := must(hex.DecodeString(r.Public))
	dataKey, nonce := make([]byte, 32), make([]byte, 12)
	rand.Read(dataKey)
	rand.Read(nonce)
	commit := r.derive(dataKey, "ksecrets/1/commit")
	slot, kid := b32(commit[:5]), r.kid(public)
	enc, sender, err := hpke.NewSender(must(r.kem().NewPublicKey(public)), hpke.HKDFSHA256(), hpke.AES256GCM(), r.info())
	if err != nil {
		log.Fatal(err)
	}
	wrapped := must(sender.Seal(lp(kid, string(commit)), dataKey))
	sealed := r.aead(dataKey).Seal(nonce, nonce, must(hex.DecodeString(r.Value)), r.aad(slot))
	return answer{
		Kid: kid, Slot: slot, Commit: b64.EncodeToString(commit), Ctx: r.ctx(),
		Wrap: b64.EncodeToString(append(enc, wrapped...)), Value: "ks1." + slot + "." + b64.EncodeToString(sealed),
	}
}

func main() {
	var r request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		log.Fatal(err)
	}
	var a answer
	switch r.Op {
	case "seal":
		a = r.seal()
	case "open":
		if plain, err := r.open(); err != nil {
			a.Error = err.Error()
		} else {
			a.Plaintext = plain
		}
	case "sign":
		a.Root, a.Keyset = signed(must(hex.DecodeString(r.Private)), r.Generation, r.Keys)
	case "verify":
		if set, err := readKeyset(r.Keyset); err != nil {
			a.Error = err.Error()
		} else if err := set.verify(r.Root); err != nil {
			a.Error = err.Error()
		} else {
			a.Read, a.Message = set, hex.EncodeToString(set.message(must(rootOf(set.Root))))
		}
	default:
		log.Fatalf("unknown op %q", r.Op)
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		log.Fatal(err)
	}
}
