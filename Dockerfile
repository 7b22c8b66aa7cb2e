# All programs of the platform in one image; a container's command says which of them it runs.
#
#   docker build -t orders .                                    everything from source
#   docker build -t orders --target prebuilt DIRECTORY -f Dockerfile
#                                                               programs that are built already, from
#                                                               DIRECTORY/bin, on a base of your own
#
# Bases of your own: --build-arg BUILD_IMAGE=… --build-arg RUNTIME_IMAGE=…; both need the same or
# an older glibc at build than at run time.

ARG BUILD_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

# ---- What programs run on ------------------------------------------------------------------------

FROM ${RUNTIME_IMAGE} AS base
# A base that has certificates already needs no network for this.
RUN test -s /etc/ssl/certs/ca-certificates.crt \
    || { apt-get update \
         && apt-get install -y --no-install-recommends ca-certificates \
         && rm -rf /var/lib/apt/lists/*; }
# /var/lib/orders is the one place for data (the ledger of the sandbox): a volume made of it is
# writable to the account, and the rest of the file system may be read-only.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/orders \
        --shell /usr/sbin/nologin orders \
    && install -d -o orders -g orders /var/lib/orders
WORKDIR /var/lib/orders
USER 10001:10001
# Programs take SIGTERM as the word to finish what runs.
STOPSIGNAL SIGTERM
# ORDERS_PROBE_URL says whom to ask, where it is not the all-in-one process.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["orders", "probe"]
CMD ["orders", "serve"]

# ---- Programs that are built already -------------------------------------------------------------

FROM base AS prebuilt
COPY bin/ /usr/local/bin/

# ---- Programs from source ------------------------------------------------------------------------

# The manifests, and empty sources to them: the same for as long as no manifest changes, so that the
# libraries below are built once, and come from the cache whatever is written in the rooms.
FROM ${BUILD_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN deploy/image/skeleton.sh /skeleton

FROM ${BUILD_IMAGE} AS built
WORKDIR /src
ENV CARGO_TERM_COLOR=never
COPY --from=manifests /skeleton .
RUN cargo build --locked --profile dist \
        -p command -p projector -p saga -p query -p sandbox -p orders --bins
COPY . .
# Cargo goes by time stamps, and those of the sources may be older than those of the skeleton.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --locked --profile dist \
        -p command -p projector -p saga -p query -p sandbox -p orders --bins \
    && mkdir /programs \
    && cd target/dist && cp command projector saga query sandbox orders /programs/

# Last, so that it is what `docker build` makes when it is told nothing.
FROM base AS runtime
COPY --from=built /programs/ /usr/local/bin/
