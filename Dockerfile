# The server and the operator, each in an image without a shell. One build makes both:
#
#   docker build --tag simple-secrets-manager .
#   docker build --tag simple-secrets-manager-operator --target operator .
#
# It needs BuildKit. With `--platform linux/arm64`, or amd64, on a machine of the other kind the compilers run as they are and
# compile for the other one; nothing is emulated.

# What a release is made from is given by digest, as in `--build-arg RUNTIME_IMAGE=…:nonroot@sha256:…`.
ARG NODE_IMAGE=node:20.20.2-bookworm-slim
ARG RUST_IMAGE=rust:1.95.0-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS console
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,id=ssm-npm,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund
COPY web ./
RUN npm run build

FROM --platform=$BUILDPLATFORM ${RUST_IMAGE} AS toolchain

FROM toolchain AS toolchain-amd64
ENV TARGET=x86_64-unknown-linux-gnu GCC=gcc-x86-64-linux-gnu \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
    CC_x86_64_unknown_linux_gnu=x86_64-linux-gnu-gcc

FROM toolchain AS toolchain-arm64
ENV TARGET=aarch64-unknown-linux-gnu GCC=gcc-aarch64-linux-gnu \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc

FROM toolchain-${TARGETARCH} AS programs
ARG BUILDARCH TARGETARCH
RUN [ "$BUILDARCH" = "$TARGETARCH" ] || { \
      apt-get update \
   && apt-get install --yes --no-install-recommends "$GCC" "libc6-dev-$TARGETARCH-cross" \
   && rm -rf /var/lib/apt/lists/* \
   && rustup target add "$TARGET"; }
WORKDIR /src
COPY . .
COPY --from=console /src/web/dist web/dist
# Cargo goes by the times of files, and those of a checkout may be before those of what an earlier build has left.
RUN --mount=type=cache,id=ssm-crates,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=ssm-target,target=/src/target,sharing=locked \
    find api-server client operator web/dist -type f -exec touch {} + \
 && cargo build --locked --release --target "$TARGET" --package ssm-server --package ssm-operator --bins \
 && install -D "target/$TARGET/release/ssm-server" /out/server/usr/local/bin/ssm-server \
 && install -D "target/$TARGET/release/ssm-operator" /out/operator/usr/local/bin/ssm-operator
# An empty directory of the user's own, since the runtime has nothing to make one with.
RUN install -d -m 0700 -o 65532 -g 65532 /out/server/data
# The same programs make the same layers, whenever they are built. The time is that of the files of the runtime; one of a commit
# would not hold, since a layer that is kept is taken by its content, whatever times are in it.
RUN find /out -exec touch --no-dereference --date=@0 {} +

FROM ${RUNTIME_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=https://github.com/simple-secrets-manager/simple-secrets-manager
ARG LICENSES=Apache-2.0
LABEL org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.licenses="$LICENSES" \
      org.opencontainers.image.vendor="Simple Secrets Manager"
USER 65532:65532
WORKDIR /
# By default the allocator has eight arenas for each core, and what is freed in one of them is of no use to the others. Buffers from
# 128 KiB on are given back to the system at once, rather than up to the size of the largest one so far.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072

FROM runtime AS operator
LABEL org.opencontainers.image.title="Simple Secrets Manager operator" \
      org.opencontainers.image.description="Keeps Kubernetes Secrets equal to configs of Simple Secrets Manager"
COPY --from=programs /out/operator/ /
# /healthz, /readyz and /metrics: Kubernetes asks by itself.
EXPOSE 9090
ENTRYPOINT ["/usr/local/bin/ssm-operator"]

FROM runtime AS server
LABEL org.opencontainers.image.title="Simple Secrets Manager" \
      org.opencontainers.image.description="Configuration secrets in one place: encrypted, audited, pushed to Kubernetes"
COPY --from=programs /out/server/ /
ENV BIND_HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/local/bin/ssm-server", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/ssm-server"]
