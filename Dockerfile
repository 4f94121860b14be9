# The server in an image without a shell: `docker build --tag simple-secrets-manager .`
ARG NODE_IMAGE=node:20-bookworm-slim
ARG RUST_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${NODE_IMAGE} AS console
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY web ./
RUN npm run build

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
COPY --from=console /src/web/dist web/dist
# An empty directory of the user's own, since the runtime has nothing to make one with.
RUN cargo build --locked --release --package ssm-server \
 && install -D target/release/ssm-server /out/usr/local/bin/ssm-server \
 && install -d -m 0700 -o 65532 -g 65532 /out/data

FROM ${RUNTIME_IMAGE} AS server
LABEL org.opencontainers.image.title="Simple Secrets Manager" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/ /
ENV BIND_HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
USER 65532:65532
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/local/bin/ssm-server", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/ssm-server"]
