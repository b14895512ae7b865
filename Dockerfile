# The worker and the command line: docker run … memory-manager worker
# What is built is the same for every platform.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY . .
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json && node node_modules/rolldown/bin/cli.mjs -c && chmod +x dist/bin/main.cjs

FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --omit=dev --omit=optional --ignore-scripts && ln -s /app/dist/bin/main.cjs /usr/local/bin/memory-manager
COPY --from=build /app/dist dist
COPY LICENSE NOTICE ./
RUN mkdir -p /data/exports /data/home && chown -R node:node /data && chmod 700 /data/home
USER node
ENV MEMORY_EXPORT_DIR=/data/exports MEMORY_HOME=/data/home
ENTRYPOINT ["memory-manager"]
CMD ["worker"]
