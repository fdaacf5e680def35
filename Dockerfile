# The gateway as an image: locked dependencies, no compiler, no root, no sandbox.
# Build: docker build -t telecom-bff .     Run: docker run -p 8000:8000 --env-file .env telecom-bff
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements/runtime.txt requirements/
RUN python -m venv /opt/bff && \
    /opt/bff/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements/runtime.txt

FROM python:3.13-slim
ENV PATH=/opt/bff/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BFF_HOST=0.0.0.0 \
    BFF_PORT=8000 \
    BFF_GRAPHIQL=false \
    BFF_INTROSPECTION=false \
    BFF_DATABASE_URL=sqlite:////var/lib/bff/bff.db
RUN useradd --system --uid 10001 --no-create-home bff && install -d -o bff -m 700 /var/lib/bff
COPY --from=build /opt/bff /opt/bff
WORKDIR /app
COPY bff bff
COPY schema schema
COPY resolvers resolvers
COPY domain domain
COPY dataloaders dataloaders
COPY store store
COPY clients clients
COPY engine engine
COPY kernel kernel
USER bff
VOLUME /var/lib/bff
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['BFF_PORT']}/readyz\", timeout=2)"]
CMD ["python", "-m", "bff", "serve"]
