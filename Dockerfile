# The server in a small image: pages are built with Node, the server with Rust, and neither tool is in
# what runs. Build:  docker build -t lapak --build-arg COMMIT=$(git rev-parse --short HEAD) .

ARG RUST=1.95-slim-bookworm
ARG NODE=22.14.0-bookworm-slim
# Without a point release, so that a rebuild takes Debian's security fixes.
ARG DEBIAN=12-slim

FROM node:${NODE} AS pages
WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
RUN npm run build

FROM rust:${RUST} AS server
ARG COMMIT=unknown
WORKDIR /src
COPY . .
COPY --from=pages /web/dist /pages
ENV LAPAK_COMMIT=${COMMIT} LAPAK_WEB_DIST=/pages
# The caches stay out of the image, so the binary is taken out of target/ in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin lapak && cp target/release/lapak /lapak

FROM debian:${DEBIAN}
RUN groupadd --gid 10001 lapak \
 && useradd --uid 10001 --gid lapak --no-create-home --shell /usr/sbin/nologin lapak \
 && install --directory --owner=lapak --group=lapak --mode=0700 /var/lib/lapak
COPY --from=server /lapak /usr/local/bin/lapak
COPY --chmod=0755 config/container-health.sh /usr/local/bin/lapak-health
COPY config/container.toml /etc/lapak/lapak.toml
USER 10001:10001
VOLUME /var/lib/lapak
# 8080 is for everybody. 9464 has the metrics and is not to be published: whoever watches reaches it
# over an internal network.
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["lapak-health", "127.0.0.1", "8080"]
ENTRYPOINT ["lapak"]
CMD ["serve", "--config", "/etc/lapak/lapak.toml"]
