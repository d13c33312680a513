# Parlour in one image: docker build -t parlour .
#   docker run -p 127.0.0.1:8000:8000 -v parlour-data:/data -e PARLOUR_PUBLIC_URL=https://meet.example.org \
#     -e PARLOUR_SMTP_URL=smtp://… parlour
# It listens on all addresses of the container, so it wants an https address and a mail server; to try it
# without: -e PARLOUR_ALLOW_INSECURE=true (docs/settings.md).
# To record calls, and to keep recordings in S3: --build-arg EXTRAS="recording s3" (240 MB), and PARLOUR_LIVEKIT_URL.

# The base images are named by their exact versions. A tag can be moved, so who builds for others pins the digest too,
# at each update of the three lines below: `docker buildx imagetools inspect python:3.11.14-slim-bookworm` prints it, and
# `--build-arg PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:…` (NODE_IMAGE and GO_IMAGE likewise), or the line
# itself, takes it.
ARG NODE_IMAGE=node:20.19.5-bookworm-slim
ARG GO_IMAGE=golang:1.26.8-bookworm
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

# ---- the web client -----------------------------------------------------------------------------------
FROM ${NODE_IMAGE} AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
# The build goes to ../src/parlour/_web, as in a checkout.
RUN mkdir -p ../src/parlour && npm run --silent build

# ---- the TURN server, for PARLOUR_TURN=embedded ------------------------------------------------------------
FROM ${GO_IMAGE} AS turn
WORKDIR /build
COPY media/ ./
RUN CGO_ENABLED=0 GOTOOLCHAIN=local go build -mod=readonly -trimpath -ldflags="-s -w" -o /parlour-turn ./turn

# ---- the Python packages, and the project itself as a wheel ---------------------------------------------
FROM ${PYTHON_IMAGE} AS python
WORKDIR /build
ENV UV_NO_PROGRESS=1 UV_LINK_MODE=copy VIRTUAL_ENV=/opt/parlour PIP_ROOT_USER_ACTION=ignore
COPY tools/uv.lock tools/
RUN pip install --no-cache-dir --no-deps --require-hashes -r tools/uv.lock && uv venv /opt/parlour
COPY pyproject.toml requirements.lock requirements-recording.lock ./
# What it runs on and no more, at the versions and hashes of the locks: those of a constraint are checked too.
ARG EXTRAS=""
RUN uv pip install --no-cache --verify-hashes --compile-bytecode -r pyproject.toml \
    --constraint requirements.lock --constraint requirements-recording.lock \
    $(for extra in $EXTRAS; do printf -- ' --extra %s' "$extra"; done)
COPY README.md LICENSE ./
COPY media/ media/
COPY src/ src/
COPY --from=web /build/src/parlour/_web/ src/parlour/_web/
RUN uv build --no-cache --wheel --build-constraints requirements.lock --require-hashes --out-dir dist \
    && uv pip install --no-cache --no-deps --compile-bytecode dist/*.whl

# ---- what runs ------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE}
RUN useradd --system --user-group --uid 10001 --no-create-home --shell /usr/sbin/nologin parlour \
    && install -d -o parlour -g parlour -m 0700 /data
COPY --from=python /opt/parlour /opt/parlour
COPY --from=turn /parlour-turn /usr/local/bin/parlour-turn
ENV PATH=/opt/parlour/bin:$PATH PYTHONUNBUFFERED=1 PARLOUR_DATA_DIR=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# A server that is told to stop says goodbye to its calls first.
STOPSIGNAL SIGTERM
ENTRYPOINT ["parlour"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
