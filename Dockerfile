# The two images of Comptoir: `app` runs the scripts, `db` keeps and shows the data.

# What the scripts import, without the tests and the installer that come with it. Changes only with
# requirements.txt.
FROM python:3.13-slim AS packages
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt ./
RUN pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check -r requirements.txt \
    && pip --python /opt/venv/bin/python uninstall --yes pip \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} +

# The code and the project, compiled, and readable to all whatever the clone's permissions are.
FROM packages AS project
WORKDIR /project
COPY comptoir.toml ./
COPY samples samples
COPY reference reference
COPY sql sql
COPY app app
RUN python -m compileall -q app && chmod -R a+rX /project

# What both images are made of. A new named volume takes the owner of /data from here.
FROM python:3.13-slim AS runtime
RUN install -d -o 10001 -g 10001 /data /data/tmp /project/results
COPY --from=packages /opt/venv /opt/venv
WORKDIR /project
# Large temporary files belong on the volume's disk, not in the memory of a tmpfs.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    TMPDIR=/data/tmp \
    SQLITE_TMPDIR=/data/tmp \
    COMPTOIR_DB=/data/sales.db
STOPSIGNAL SIGTERM
LABEL org.opencontainers.image.version="0.1.0"

FROM runtime AS db
RUN apt-get update \
    && apt-get install -y --no-install-recommends sqlite3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
COPY requirements-datasette.txt ./
RUN TMPDIR=/tmp pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
    -r requirements-datasette.txt \
    && pip --python /opt/venv/bin/python uninstall --yes pip \
    && rm requirements-datasette.txt
COPY --chmod=755 docker/sqlite3 /usr/local/bin/
COPY --from=project /project /project
USER 10001:10001
# the port is published by Compose, on this machine alone
ENV COMPTOIR_HOST=0.0.0.0
EXPOSE 8001
HEALTHCHECK --interval=3s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-I", "-S", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8001/-/versions.json', timeout=4)"]
LABEL org.opencontainers.image.title="comptoir-db" \
    org.opencontainers.image.description="The SQLite database of Comptoir: its shell and its web page"
CMD ["python", "-m", "app.serving.storage"]

FROM runtime AS app
COPY --chmod=755 docker/share-results /usr/local/bin/
COPY --from=project /project /project
USER 10001:10001
LABEL org.opencontainers.image.title="comptoir-app" \
    org.opencontainers.image.description="Imports a shop's remote CSV files into SQLite and publishes the answers"
ENTRYPOINT ["python", "-m", "app"]
CMD ["run"]
