#!/bin/bash
# Exits 0 when the server at HOST PORT answers /healthz with 200. The image has no HTTP client, and
# bash opens TCP connections itself.
set -euo pipefail
exec 3<>"/dev/tcp/$1/$2"
printf 'GET /healthz HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$1" "$2" >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
