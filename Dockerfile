# The production image: compiled src, the workflow bundle and production packages. No demo, no simulators, no tests.
# It needs a Temporal cluster and a PostgreSQL (docker-compose.yml has both).

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/setup.mjs build

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image has its own Node; the one that npm brings for developers' machines stays out.
RUN npm ci --omit=dev --no-fund --no-audit && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production DUCTUS_CONFIG=/etc/ductus/ductus.yaml DUCTUS_DATA_DIR=/var/lib/ductus
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist/src ./dist/src
COPY --from=build /app/dist/workflow-bundle.js ./dist/
RUN install -d -o node -g node -m 700 /var/lib/ductus
USER node
EXPOSE 8080
# For roles with an API. A worker alone has none: it ends when it cannot work, and is started again
# (docker-compose.yml switches the check off there). With api.tls, replace http by https in a check of your own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The flag as in src/cli/main.ts.
ENTRYPOINT ["node", "--max-semi-space-size=16", "dist/src/cli/main.js"]
CMD ["serve"]
