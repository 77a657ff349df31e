package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"octail/internal/config"
)

// Lengths of a key that Standard Webhooks allows.
const shortestKey, longestKey = 24, 64

// key decodes a secret. Errors do not repeat it.
func key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return nil, errors.New("must begin with whsec_")
	}
	k, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("is not base64 behind whsec_")
	}
	if len(k) < shortestKey || len(k) > longestKey {
		return nil, errors.New("must be 24 to 64 bytes in base64 behind whsec_, and this one is " + strconv.Itoa(len(k)))
	}
	return k, nil
}

func keysOf(secrets config.Secrets) ([][]byte, error) {
	var keys [][]byte
	for _, secret := range secrets {
		k, err := key(secret.Reveal())
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// signature is the Webhook-Signature of a body: one per key, separated by spaces.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func signature(keys [][]byte, id string, at time.Time, body []byte) string {
	var b strings.Builder
	for i, k := range keys {
		mac := hmac.New(sha256.New, k)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return b.String()
}
