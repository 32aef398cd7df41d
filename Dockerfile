# One image for every part of the service: `backprop api`, `backprop worker` and `backprop migrate`.
FROM python:3.12-slim AS build

WORKDIR /src
RUN python3 -m venv /opt/backprop
ENV PATH=/opt/backprop/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# The dependencies are a layer of their own: a change of the code does not install them again.
COPY requirements requirements
RUN python -m pip install --only-binary :all: --require-hashes -r requirements/runtime.txt \
    && python -m pip install --only-binary :all: --require-hashes -r requirements/fast.txt

COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY service service
COPY workers workers
COPY migrations migrations
COPY examples examples
COPY clients/python/backprop_client clients/python/backprop_client
RUN python -m pip install --no-deps --no-build-isolation . \
    && cd / && python -m service.backprop.compiled


FROM python:3.12-slim

RUN groupadd --gid 10001 backprop \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin backprop \
    && mkdir /data && chown 10001:10001 /data && chmod 750 /data
COPY --from=build /opt/backprop /opt/backprop
# What was compiled is only used where it could be written, as another processor needs other code.
RUN chown -R 10001:10001 /opt/backprop/lib/python3*/site-packages/service/backprop/compiled/__pycache__

ENV PATH=/opt/backprop/bin:$PATH PYTHONUNBUFFERED=1 BACKPROP_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000

# Of the API; a container that runs another command turns it off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["backprop"]
CMD ["api", "--host", "0.0.0.0"]
