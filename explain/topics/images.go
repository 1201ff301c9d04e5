package topics

var images = []Topic{
	{
		Name: "image",
		Also: []string{"--platform", "--quiet"},
		What: `A list of layers, and a config that says how a program in them is started. Nothing in it ever changes: manifest,
			config and layers are each named by their digest, so who knows the manifest's digest can check every byte. A
			name like python:3.13 is a tag, a pointer that may move. A container is one of possibly many starts of an
			image, with a layer of its own on top.`,
		Why: `A program comes with its libraries, files and settings, the same here and there. What was tested is what runs,
			and the digest proves it.`,
		Hand: []string{"skopeo copy docker://alpine oci:alpine:latest", "find alpine -type f; cat alpine/index.json"},
		Try:  Try{Line: "tutor images", Look: "the images that are here; tutor/lab is made on its first use", Want: `REPOSITORY +TAG +IMAGE ID`},
		Read: []string{"OCI image-spec, spec.md"},
		Lab:  5,
		See:  []string{"layer", "manifest", "config", "tag", "digest", "registry", "container"},
	},
	{
		Name: "digest",
		Also: []string{"sha256", "content address", "hash"},
		What: `sha256: and 64 hexadecimal digits: the SHA-256 of some bytes, used as their name. Other bytes have another name,
			so that whatever is fetched by digest can be checked by whoever fetches, from any source. Two images that
			share a part share its digest, and it is stored and transferred once.`,
		Why: `Mirrors, caches and networks need not be trusted. A tag can be moved overnight; python@sha256:… is the same in
			ten years, or not there.`,
		Hand: []string{"printf hello | sha256sum", "printf hellp | sha256sum"},
		Safe: true,
		Try:  Try{Line: "tutor images --no-trunc", Look: "IMAGE ID: the digest of the image's config", Want: `sha256:[0-9a-f]{64}`},
		Read: []string{"OCI image-spec, descriptor.md", "sha256sum(1)"},
		Lab:  5,
		See:  []string{"manifest", "config", "tag", "diff ID", "chain ID", "registry"},
	},
	{
		Name: "manifest",
		Also: []string{"descriptor", "media type", "blob"},
		What: `A small JSON document that is the image for one platform: it names the config and the layers, lowest first, each by
			media type, digest and size. Its own digest is what image@sha256:… means. A pull fetches it first, then what
			it names and is not here yet.`,
		Why: `It ties the parts together. With sizes and digests known beforehand, a pull can stop as soon as anything is larger
			than promised or other than promised.`,
		Hand: []string{"skopeo inspect --raw docker://alpine   # of several platforms: an index", "skopeo inspect --raw --config docker://alpine"},
		Try:  Try{Line: "tutor images --format '{{.Repository}}:{{.Tag}} {{.ID}}'", Look: "the ID: the digest, cut short, of the config that the manifest names", Want: `tutor/lab:latest [0-9a-f]{12}`},
		Read: []string{"OCI image-spec, manifest.md"},
		Lab:  5,
		See:  []string{"index", "config", "layer", "digest", "registry"},
	},
	{
		Name: "index",
		Also: []string{"image index", "manifest list", "multi-arch", "fat manifest"},
		What: `A JSON document that lists manifests: the same image for amd64, arm64 and so on, each with its platform and digest.
			A tag usually points to an index, and whoever pulls picks the manifest of the own machine. An OCI layout on
			disk begins with one too, index.json, which lists all images that lie in it.`,
		Why: `One name serves all machines. The wrong choice shows as "exec format error", ENOEXEC: a program for another
			processor.`,
		Hand: []string{"skopeo inspect --raw docker://alpine", "cat /var/lib/tutor/images/index.json"},
		Try:  Try{Line: "tutor pull --help", Look: "--platform, which picks another manifest than this machine's", Want: `--platform`},
		Read: []string{"OCI image-spec, image-index.md"},
		Lab:  5,
		See:  []string{"manifest", "tag", "OCI", "execve"},
	},
	{
		Name: "config",
		Also: []string{"image config", "CMD", "ENTRYPOINT", "ENV", "-e", "--env", "--env-file", "--entrypoint", "-l", "--label", "--label-file", "--annotation", "environment", "labels"},
		What: `A JSON document in every image. It says what is run when nobody says anything else: Entrypoint and Cmd, Env, User,
			WorkingDir, Labels; and for which platform; and it lists the diff IDs of the layers. Its digest is the image ID.
			Flags of run win over it. Cmd is replaced by what stands after the image's name, Entrypoint by --entrypoint only.`,
		Why: `It is why python starts with no more said than its name. It is also a stranger's word: paths and users in it are to
			be treated as such.`,
		Hand: []string{"skopeo inspect --config docker://alpine"},
		Try:  Try{Line: "tutor run --rm -e COLOUR=blue tutor/lab env", Look: "PATH is the image's, COLOUR yours, HOSTNAME and HOME are added", Want: `COLOUR=blue`},
		Read: []string{"OCI image-spec, config.md"},
		Lab:  5,
		See:  []string{"image", "manifest", "runtime spec", "workdir", "user", "diff ID"},
	},
	{
		Name: "registry",
		Also: []string{"Docker Hub", "mirror", "pull", "push", "repository"},
		What: `A web server for images. GET /v2/NAME/manifests/TAG answers an index or a manifest, GET /v2/NAME/blobs/DIGEST a config
			or a layer; what is private, and much that is public, wants a token first. The part of an image's name before
			the first slash is the registry, if it has a dot or a port or is localhost; otherwise it is Docker Hub.`,
		Why: `It is how images travel. As all is fetched by digest, a mirror near by is as good as the original
			(registry-mirrors in /etc/tutor/config.json).`,
		Hand: []string{"skopeo list-tags docker://alpine", "curl -s https://quay.io/v2/ -o /dev/null -w '%{http_code}\\n'"},
		Try:  Try{Line: "tutor pull localhost:1/python || true", Look: "whom it asks, and what it says when nobody is there", Want: `localhost:1: connection refused`},
		Read: []string{"OCI distribution-spec, spec.md"},
		Lab:  5,
		See:  []string{"image", "tag", "digest", "manifest", "index"},
	},
	{
		Name: "tag",
		Also: []string{"latest", "image name", "reference"},
		What: `A word behind the colon of an image's name that points to a manifest or an index. The registry lets its owner move
			it at any time. Left out, it is latest, which is a default and not a promise: nobody guarantees that it is the
			newest.`,
		Why:  `People need names, and updates need something that can move. For the same thing tomorrow as today, name the digest.`,
		Hand: []string{"skopeo list-tags docker://alpine"},
		Try:  Try{Line: "tutor images tutor/lab", Look: "latest, which nobody has typed", Want: `tutor/lab +latest`},
		Read: []string{"OCI distribution-spec, Pulling manifests"},
		Lab:  5,
		See:  []string{"digest", "image", "registry", "index"},
	},
	{
		Name: "diff ID",
		Also: []string{"uncompressed digest", "rootfs.diff_ids"},
		What: `The digest of a layer's tar before compression. The manifest names a layer by the digest of what is transferred,
			the compressed bytes; the config names it by its diff ID. Both are checked: one while it comes in, the other
			while it is unpacked.`,
		Why: `The same files compressed twice give different bytes, by another program or at another level. The diff ID says what
			is in a layer, however it was packed.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "tar -C /etc -cf layer.tar passwd; sha256sum layer.tar   # the diff ID", "gzip layer.tar; sha256sum layer.tar.gz   # the manifest's"},
		Safe: true,
		Try:  Try{Line: "tutor run --dry-run tutor/lab true", Look: "lowerdir= of the entry overlay: the image's lowest layer is named by its diff ID, cut short", Want: "lowerdir=[0-9a-f]{24}"},
		Read: []string{"OCI image-spec, config.md, Layer DiffID"},
		Lab:  5,
		See:  []string{"chain ID", "digest", "layer", "config"},
	},
	{
		Name: "chain ID",

		What: `The name of a layer together with all below it. That of the lowest is its diff ID; each next one is the SHA-256 of
			the chain ID below, a space, and its own diff ID. tutor unpacks every layer into a directory that is named
			so, cut to 24 digits, because mount(2) takes a page of options and no more.`,
		Why: `What a layer looks like when it is unpacked can depend on those below: a whiteout, a link, a directory that is
			merged. The diff ID alone would be too small a name.`,
		Hand: []string{"printf '%s %s' sha256:aaaa sha256:bbbb | sha256sum   # chain ID below, diff ID"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab grep -o 'lowerdir=[^,]*' /proc/mounts", Look: "a chain ID for each layer, with colons between, the topmost first", Want: "lowerdir=[0-9a-f]{24}"},
		Read: []string{"OCI image-spec, config.md, Layer ChainID"},
		Lab:  5,
		See:  []string{"diff ID", "layer", "digest", "overlay"},
	},
}
