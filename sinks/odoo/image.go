package odoo

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"octail/internal/httpx"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// Bounds of a picture: what is larger makes Odoo slow and is no use on a screen.
const (
	mostImage   = 8 << 20
	imageWithin = 10 * time.Second
)

// pictures writes the main images of products, each with a call of its own: a picture
// that cannot be had, or that Odoo refuses, is said in the log and stops nothing.
func (s *sink) pictures(ctx context.Context, wares []*ware) error {
	if !s.cfg.Products.Images {
		return nil
	}
	client := httpx.New(httpx.Options{MostBody: mostImage})
	defer client.Close()
	slow := false
	for _, w := range wares {
		if !w.differs("image") || w.changed == nil && w.doc.Image == "" {
			continue
		}
		model := productModel
		if w.template() {
			model = templateModel
		}
		var value any = false
		if w.doc.Image != "" && !placeholder(w.doc.Image) {
			if w.doc.ImageURL == nil {
				s.once("image_base", func() {
					s.log.Warn("images are not written: octail does not know where they are; write shop.image_base, or products.images: false")
				})
				continue
			}
			b, err := []byte(nil), errSlow
			if !slow {
				b, err = fetchImage(ctx, client, *w.doc.ImageURL)
			}
			if err != nil {
				// A server that does not answer would use up the time of the whole batch.
				slow = slow || errors.Is(err, context.DeadlineExceeded)
				s.noImage(w, err)
				continue
			}
			value = base64.StdEncoding.EncodeToString(b)
		}
		err := s.rpc.Write(ctx, model, []int64{w.record.id}, map[string]any{"image_1920": value}, quiet)
		if class, _ := sinks.ClassOf(err); err != nil && class != sinks.Permanent {
			return fmt.Errorf("write an image: %w", err)
		}
		if e, ok := rpc.As(err); ok {
			s.noImage(w, fmt.Errorf("it is refused: %s", e.Kind))
		}
	}
	return nil
}

var errSlow = errors.New("the server of the images does not answer in time, and others were waiting for it")

func (s *sink) noImage(w *ware, err error) {
	s.log.Warn("the product is in Odoo without its image; when the cause is mended: octail sync product --id "+fmt.Sprint(w.doc.ID)+" --force",
		"entity", w.item.Key.String(), "error", httpx.WithoutBodies(err))
}

// placeholder tells OpenCart's own pictures for "no picture".
func placeholder(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasPrefix(name, "no_image.") || strings.HasPrefix(name, "placeholder.")
}

// fetchImage reads a picture from a folder or over HTTP, and makes sure that it is one.
// Its path is what people wrote in the shop: it must not lead out of the folder.
func fetchImage(ctx context.Context, client *httpx.Client, at string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, imageWithin)
	defer cancel()
	b, err := fetch(ctx, client, at)
	switch {
	case err != nil:
		return nil, err
	case len(b) > mostImage:
		return nil, fmt.Errorf("it is larger than %d MB", mostImage>>20)
	}
	if kind := http.DetectContentType(b); !slices.Contains([]string{"image/jpeg", "image/png", "image/gif", "image/webp"}, kind) {
		return nil, errors.New("it is no JPEG, PNG, GIF or WebP")
	}
	return b, nil
}

func fetch(ctx context.Context, client *httpx.Client, at string) ([]byte, error) {
	if slices.Contains(strings.FieldsFunc(at, func(r rune) bool { return r == '/' || r == '\\' }), "..") {
		return nil, errors.New("its path leads out of the folder of images")
	}
	if !strings.Contains(at, "://") {
		info, err := os.Stat(at)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, errors.New("it is no file")
		}
		f, err := os.Open(at)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, mostImage+1))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.ReplaceAll(at, " ", "%20"), nil)
	if err != nil {
		return nil, errAddressOfImage
	}
	r.Header.Set("User-Agent", "octail")
	a, err := client.Do(r)
	switch {
	case err != nil:
		return nil, err
	case !a.OK():
		return nil, a.Error(nil)
	case a.Cut:
		return nil, fmt.Errorf("it is larger than %d MB", mostImage>>20)
	}
	return a.Body, nil
}

// errAddressOfImage: what net/url says would repeat it.
var errAddressOfImage = errors.New("its address is none")
