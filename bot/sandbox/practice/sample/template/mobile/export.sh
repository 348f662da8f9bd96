#!/bin/sh
# export.sh API_URL TARGET: stands in for the Expo web export; bakes the API's address, the version and the release in.
set -eu
version=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' app.json)
release=$(cat VERSION.txt)
sed -e "s|__API_URL__|$1|" -e "s|__VERSION__|$version|" -e "s|__RELEASE__|$release|" index.html > "$2/index.html"
