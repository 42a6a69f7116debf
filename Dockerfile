# SHIM's workers. The SDK's native core needs glibc: Debian's image, not Alpine's.
FROM node:22.23.4-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22.23.4-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production SHIM_HOME=/var/lib/shim
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
RUN mkdir -p /var/lib/shim && chown node:node /var/lib/shim
USER node
CMD ["node", "--enable-source-maps", "dist/workers/control-worker.js"]
