# One image for every Python service of Standpipe. The wheel and the browser files are made in the first stage.
#   docker build -t standpipe:0.1.0 .
# BASE may be any Debian-like image with Python 3.11 or later and its venv module. PIP_INDEX_URL names a mirror.
ARG BASE=python:3.12.11-slim-bookworm

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG NPM_CONFIG_REGISTRY
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/standpipe
RUN command -v strip >/dev/null \
 || (apt-get update -q && apt-get install -y -q --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*)
COPY constraints.txt ./
RUN /build/bin/pip install --quiet "pip>=24" "setuptools>=77" wheel
COPY . .
RUN PATH="/build/bin:$PATH" /build/bin/python -m console.build
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels .
RUN /build/bin/pip --python /opt/standpipe/bin/python install --quiet --no-compile -c constraints.txt /wheels/*.whl \
 && find /opt/standpipe -name __pycache__ -prune -exec rm -rf {} + \
 && find /opt/standpipe -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
 && find /opt/standpipe \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' -o -name '*.c' \) -delete \
 && find /opt/standpipe -name '*.so' -exec strip --strip-unneeded {} +

FROM ${BASE}
RUN groupadd --gid 10001 standpipe \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/standpipe --shell /usr/sbin/nologin standpipe \
 && install -d -o 10001 -g 10001 /var/lib/standpipe /etc/standpipe /run/secrets \
 && for name in admin standpipe grafana mosquitto telegraf postgres; do install -d -o 10001 -g 10001 /secrets/$name; done
COPY --from=build /opt/standpipe /opt/standpipe
COPY provisioning/compose/with-secrets /usr/local/bin/with-secrets
COPY provisioning/compose/standpipe.toml /etc/standpipe/standpipe.toml
ENV PATH=/opt/standpipe/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STANDPIPE_CONFIG=/etc/standpipe/standpipe.toml
USER 10001:10001
WORKDIR /var/lib/standpipe
ENTRYPOINT ["/usr/local/bin/with-secrets"]
CMD ["standpipe", "--help"]
