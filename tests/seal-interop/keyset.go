package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Section 13 of docs/format.md: reads, verifies, makes and signs keysets.

type key struct {
	Recipient  string `json:"recipient"`
	Label      string `json:"label"`
	State      string `json:"state"`
	NotBefore  string `json:"not-before,omitempty"`
	NotAfter   string `json:"not-after,omitempty"`
	BreakGlass bool   `json:"break-glass,omitempty"`
}

type keyset struct {
	Generation uint32         `json:"generation"`
	Root       string         `json:"root"`
	Keys       map[string]key `json:"keys"`
	Signature  string         `json:"signature"`
}

var (
	// Field, with its indentation; value, plain or in double quotes; comment.
	line = regexp.MustCompile(`^((?:  )*)([a-z0-9-]+):(?: ("[^"\\]*"|[^"'#&*!|>%@{}\[\]\s]\S*))?(?:\s+#.*)?\s*$`)
	// What YAML 1.1 takes for no text.
	other = regexp.MustCompile(`^(?i:~|null|true|false|yes|no|on|off|y|n|[-+]?[0-9._]+)$`)
)

type field struct {
	value  string
	quoted bool
	below  map[string]*field
	order  []string
}

// Reads what YAML has of mappings in mappings, one entry a line: as keysets are written, and no more. Everything else is
// refused.
func document(text string) (*field, error) {
	root := &field{below: map[string]*field{}}
	open := []*field{root}
	for number, whole := range strings.Split(text, "\n") {
		if trimmed := strings.TrimSpace(whole); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		found := line.FindStringSubmatch(whole)
		if found == nil {
			return nil, fmt.Errorf("line %d is not understood", number+1)
		}
		depth, name := len(found[1])/2, found[2]
		if depth >= len(open) {
			return nil, fmt.Errorf("line %d is not below a mapping", number+1)
		}
		one := &field{value: strings.Trim(found[3], `"`), quoted: strings.HasPrefix(found[3], `"`)}
		open = open[:depth+1]
		above := open[depth]
		if _, twice := above.below[name]; twice {
			return nil, errors.New("duplicate")
		}
		above.below[name], above.order = one, append(above.order, name)
		if found[3] == "" {
			one.below = map[string]*field{}
			open = append(open, one)
		}
	}
	return root, nil
}

// A text; empty when there is none.
func (f *field) text(name string) (string, error) {
	one := f.below[name]
	if one == nil || one.below != nil && len(one.order) == 0 {
		return "", nil
	}
	if one.below != nil || !one.quoted && other.MatchString(one.value) {
		return "", errors.New("field")
	}
	return one.value, nil
}

func (f *field) only(names ...string) error {
	for _, name := range f.order {
		if !slices.Contains(names, name) {
			return errors.New("unknown field")
		}
	}
	return nil
}

func number(text string) (uint32, error) {
	if text == "" || text[0] < '1' || text[0] > '9' {
		return 0, errors.New("no number")
	}
	value, err := strconv.ParseUint(text, 10, 32)
	return uint32(value), err
}

func readKeyset(text string) (*keyset, error) {
	if len(text) > 1048576 {
		return nil, errors.New("too large")
	}
	root, err := document(text)
	if err != nil {
		return nil, err
	}
	version := root.below["version"]
	if version == nil || version.quoted || version.value != "1" {
		return nil, errors.New("format")
	}
	generation, keys := root.below["generation"], root.below["keys"]
	if generation == nil || generation.quoted || keys == nil || keys.below == nil {
		return nil, errors.New("field")
	}
	set := &keyset{Keys: map[string]key{}}
	if set.Generation, err = number(generation.value); err != nil {
		return nil, err
	}
	if err := root.only("version", "generation", "root", "keys", "signature"); err != nil {
		return nil, err
	}
	if set.Root, err = root.text("root"); err != nil {
		return nil, err
	}
	if set.Signature, err = root.text("signature"); err != nil {
		return nil, err
	}
	if len(keys.order) == 0 || len(keys.order) > 256 {
		return nil, errors.New("number of keys")
	}
	for _, kid := range keys.order {
		one := keys.below[kid]
		if err := one.only("recipient", "label", "state", "not-before", "not-after", "break-glass"); err != nil {
			return nil, err
		}
		var k key
		for name, into := range map[string]*string{
			"recipient": &k.Recipient, "label": &k.Label, "state": &k.State, "not-before": &k.NotBefore, "not-after": &k.NotAfter,
		} {
			if *into, err = one.text(name); err != nil {
				return nil, err
			}
		}
		if glass := one.below["break-glass"]; glass != nil {
			if glass.quoted || glass.value != "true" && glass.value != "false" {
				return nil, errors.New("field")
			}
			k.BreakGlass = glass.value == "true"
		}
		if err := k.check(); err != nil {
			return nil, err
		}
		if found, _, err := k.public(); err != nil || found != kid {
			return nil, errors.New("other key")
		}
		set.Keys[kid] = k
	}
	return set, nil
}

var (
	label  = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.]{0,62}$`)
	states = []string{"pending", "current", "decrypt-only", "retired", "compromised"}
)

func (k key) check() error {
	if !label.MatchString(k.Label) {
		return errors.New("label")
	}
	for _, start := range []string{"xwing-", "x25519-", "kspq1", "ksx1", "ksroot1"} {
		if strings.HasPrefix(k.Label, start) {
			return errors.New("label")
		}
	}
	if !slices.Contains(states, k.State) {
		return errors.New("state")
	}
	for _, day := range []string{k.NotBefore, k.NotAfter} {
		if _, err := time.Parse("2006-01-02", day); day != "" && err != nil {
			return errors.New("day")
		}
	}
	if k.NotBefore != "" && k.NotAfter != "" && k.NotAfter < k.NotBefore {
		return errors.New("days")
	}
	return nil
}

// The key id and the bytes of a recipient.
func (k key) public() (kid string, public []byte, err error) {
	prefix, public, err := unbech32m(k.Recipient)
	if err != nil {
		return "", nil, err
	}
	suite, length := "xwing", 1216
	switch prefix {
	case "kspq":
	case "ksx":
		suite, length = "x25519", 32
	default:
		return "", nil, errors.New("suite")
	}
	if len(public) != length {
		return "", nil, errors.New("length")
	}
	if isLowOrder(public[length-32:], montgomery) {
		return "", nil, errors.New("low order")
	}
	return request{Suite: suite}.kid(public), public, nil
}

// The encodings of low order that sections 3 and 13.2 list, with the highest bit cleared.
var (
	always = []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	}
	montgomery = []string{
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	}
	edwards = []string{
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	}
)

func isLowOrder(point []byte, curve []string) bool {
	point = slices.Clone(point)
	point[31] &= 0x7f
	text := hex.EncodeToString(point)
	return slices.Contains(always, text) || slices.Contains(curve, text)
}

// What is signed.
func (set *keyset) message(root []byte) []byte {
	kids := []string{}
	for kid := range set.Keys {
		kids = append(kids, kid)
	}
	slices.Sort(kids)
	generation, count := strconv.FormatUint(uint64(set.Generation), 10), strconv.Itoa(len(kids))
	message := lp("ksecrets/1/keyset", generation, string(root), count)
	for _, kid := range kids {
		k := set.Keys[kid]
		_, public, err := k.public()
		glass := ""
		if k.BreakGlass {
			glass = "break-glass"
		}
		message = append(message, lp(kid, string(must(public, err)), k.Label, k.State, k.NotBefore, k.NotAfter, glass)...)
	}
	return message
}

func rootOf(text string) ([]byte, error) {
	prefix, root, err := unbech32m(text)
	if err != nil || prefix != "ksroot" || len(root) != 32 || isLowOrder(root, edwards) {
		return nil, errors.New("root")
	}
	return root, nil
}

func (set *keyset) verify(pinned string) error {
	root, err := rootOf(set.Root)
	if err != nil {
		return err
	}
	pin, err := rootOf(pinned)
	if err != nil || !bytes.Equal(pin, root) {
		return errors.New("other root")
	}
	signature, err := b64.DecodeString(set.Signature)
	if err != nil || len(signature) != ed25519.SignatureSize || isLowOrder(signature[:32], edwards) {
		return errors.New("signature")
	}
	if !ed25519.Verify(root, set.message(root), signature) {
		return errors.New("signature")
	}
	return nil
}

// Signs these keys, and gives back the root and the file.
func signed(seed []byte, generation uint32, keys []key) (string, string) {
	private := ed25519.NewKeyFromSeed(seed)
	root := private.Public().(ed25519.PublicKey)
	set := &keyset{Generation: generation, Root: bech32m("ksroot", root), Keys: map[string]key{}}
	text := fmt.Sprintf("version: 1\ngeneration: %d\nroot: %s\nkeys:\n", generation, set.Root)
	for _, k := range keys {
		kid, _, err := k.public()
		set.Keys[must(kid, err)] = k
		text += fmt.Sprintf("  %s:\n    recipient: %s\n    label: %q\n    state: %s\n", kid, k.Recipient, k.Label, k.State)
		if k.NotBefore != "" {
			text += fmt.Sprintf("    not-before: %q\n", k.NotBefore)
		}
		if k.NotAfter != "" {
			text += fmt.Sprintf("    not-after: %q\n", k.NotAfter)
		}
		if k.BreakGlass {
			text += "    break-glass: true\n"
		}
	}
	return set.Root, text + "signature: " + b64.EncodeToString(ed25519.Sign(private, set.message(root))) + "\n"
}
