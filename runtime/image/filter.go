package image

import (
	"path"
	"slices"
	"time"

	"tutor/runtime/filters"
)

// FilterKeys is what images are chosen by.
var FilterKeys = []string{"before", "dangling", "label", "label!", "reference", "since", "until"}

// Choose keeps the images that fit, each with the names that fit.
func (s *Store) Choose(images []Image, f filters.Filters, now time.Time) ([]Image, error) {
	made := map[string]time.Time{} // when the images were made that others are to be older or younger than
	for _, name := range slices.Concat(f["before"], f["since"]) {
		img, err := s.Find(name)
		if err != nil {
			return nil, err
		}
		made[name] = img.Created
	}
	var chosen []Image
	for _, img := range images {
		fits := f.Is("dangling", img.Dangling()) && f.Labels(img.Config.Config.Labels) && f.Until(img.Created, now) &&
			f.Fit("before", func(name string) bool { return img.Created.Before(made[name]) }) &&
			f.Fit("since", func(name string) bool { return img.Created.After(made[name]) })
		if fits && img.keepNames(f["reference"]) {
			chosen = append(chosen, img)
		}
	}
	return chosen, nil
}

// Dangling tells if no tag leads to the image: what a newer pull or build of the same name leaves behind.
func (img Image) Dangling() bool {
	return !slices.ContainsFunc(img.Names, func(name string) bool {
		ref, err := Parse(name)
		return err == nil && ref.Tag != ""
	})
}

// keepNames keeps the names that a pattern fits, with a tag, or without, and tells if there are any. Without patterns it keeps all.
func (img *Image) keepNames(patterns []string) bool {
	if len(patterns) == 0 {
		return true
	}
	img.Names = slices.DeleteFunc(slices.Clone(img.Names), func(name string) bool {
		return !slices.ContainsFunc(patterns, func(pattern string) bool { return fitsName(pattern, name) })
	})
	return len(img.Names) > 0
}

func fitsName(pattern, name string) bool {
	ref, err := Parse(name)
	if err != nil {
		return false
	}
	for _, form := range []string{name, ref.FamiliarName(), ref.String(), ref.Repository()} {
		if fits, err := path.Match(pattern, form); err == nil && fits {
			return true
		}
	}
	return false
}
