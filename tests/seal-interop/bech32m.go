package main

import (
	"errors"
	"strings"
)

// Bech32m of BIP 350, without its limit of 90 characters.

const (
	charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	marker  = 0x2bc830a3
)

func polymod(values []byte) uint32 {
	sum := uint32(1)
	for _, value := range values {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(value)
		for at, factor := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>at&1 == 1 {
				sum ^= factor
			}
		}
	}
	return sum
}

func expanded(prefix string) []byte {
	var high, low []byte
	for _, c := range []byte(prefix) {
		high, low = append(high, c>>5), append(low, c&31)
	}
	return append(append(high, 0), low...)
}

// Regroups bits; what is left over at the end must be zeros, fewer than a group.
func regroup(in []byte, from, to uint, pad bool) ([]byte, error) {
	var out []byte
	var held, bits uint
	for _, value := range in {
		held, bits = held<<from|uint(value), bits+from
		for ; bits >= to; bits -= to {
			out = append(out, byte(held>>(bits-to)&(1<<to-1)))
		}
		held &= 1<<bits - 1
	}
	if pad && bits > 0 {
		return append(out, byte(held<<(to-bits))), nil
	}
	if !pad && (bits >= from || held != 0) {
		return nil, errors.New("bits left over")
	}
	return out, nil
}

func bech32m(prefix string, bytes []byte) string {
	groups := must(regroup(bytes, 8, 5, true))
	sum := polymod(append(append(expanded(prefix), groups...), 0, 0, 0, 0, 0, 0)) ^ marker
	for at := 5; at >= 0; at-- {
		groups = append(groups, byte(sum>>(5*at)&31))
	}
	text := prefix + "1"
	for _, group := range groups {
		text += charset[group : group+1]
	}
	return text
}

func unbech32m(text string) (prefix string, bytes []byte, err error) {
	if lower := strings.ToLower(text); text != lower && text != strings.ToUpper(text) {
		return "", nil, errors.New("mixed case")
	} else {
		text = lower
	}
	one := strings.LastIndexByte(text, '1')
	if one < 1 || len(text)-one-1 < 6 {
		return "", nil, errors.New("no Bech32m")
	}
	prefix = text[:one]
	var groups []byte
	for _, c := range []byte(text[one+1:]) {
		group := strings.IndexByte(charset, c)
		if group < 0 {
			return "", nil, errors.New("no Bech32m")
		}
		groups = append(groups, byte(group))
	}
	if polymod(append(expanded(prefix), groups...)) != marker {
		return "", nil, errors.New("wrong checksum")
	}
	bytes, err = regroup(groups[:len(groups)-6], 5, 8, false)
	return prefix, bytes, err
}
