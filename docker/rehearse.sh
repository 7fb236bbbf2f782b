#!/bin/sh
# Does in a scratch folder what the Dockerfile does in an image, for machines without a container engine: builds the
# release with a static standard library, starts it as an unprivileged user with its own folder as the volume, and
# asks it for its health. Takes as long as a release build: six to ten minutes from nothing.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

cd "$root"
Scripts/system-dependencies
swift build -c release --static-swift-stdlib --scratch-path .build-docker --product sluice
install -D -s "$(swift build -c release --static-swift-stdlib --scratch-path .build-docker --show-bin-path)/sluice" "$scratch/bin/sluice"
ls -l "$scratch/bin/sluice"
if ldd "$scratch/bin/sluice" | grep -i libswift; then
    echo "the standard library is not linked statically" >&2
    exit 1
fi

mkdir "$scratch/volume"
chmod 755 "$scratch"
as_user="env"
if [ "$(id -u)" = 0 ]; then
    chown 65534:65534 "$scratch/volume"
    as_user="setpriv --reuid=65534 --regid=65534 --clear-groups env"
fi
cd "$scratch/volume"
port=18181
$as_user HOME="$scratch/volume" SLUICE_HTTP_HOSTNAME=127.0.0.1 SLUICE_HTTP_PORT=$port \
    SLUICE_DATABASE="$scratch/volume/sluice.db" "$scratch/bin/sluice" serve --sandbox &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    if SLUICE_HTTP_PORT=$port "$scratch/bin/sluice" health >/dev/null 2>&1; then
        SLUICE_HTTP_PORT=$port "$scratch/bin/sluice" health
        echo "the image's steps work"
        exit 0
    fi
    sleep 0.5
done
echo "it did not become healthy within 10 s" >&2
exit 1
