# syntax=docker/dockerfile:1

# Nothing that is installed depends on the processor, so both stages below run where the build runs, for every platform.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY bin/ bin/
COPY build-scripts/ build-scripts/
COPY catalog/ catalog/
COPY src/ src/
RUN npm run build

FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS production-modules
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

# No shell and no package manager. Debian's release is the one that the stages above have.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
LABEL org.opencontainers.image.title="crdguard" \
  org.opencontainers.image.description="Denies a CustomResourceDefinition change that would break the cluster, and explains what, who is hurt and the way out." \
  org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /crdguard
ENV NODE_ENV=production
COPY package.json LICENSE ./
COPY --from=production-modules /build/node_modules/ node_modules/
COPY --from=build /build/dist/ dist/
COPY catalog/ catalog/
COPY demo/ demo/
COPY manifests/ manifests/
# In numbers: under `runAsNonRoot` the kubelet cannot tell whether a name is root's.
USER 65532:65532
EXPOSE 8443 8080
# A review is little work for V8 and much memory outside its heap, in the buffers that the body came in. A young generation of
# 1 MiB a half is collected often and at once, and frees them early; left to itself it grows, the buffers pile up, and one
# answer in a hundred waits for a full collection (docs/performance.md).
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=1", "/crdguard/dist/cli/main.js"]
CMD ["serve"]
