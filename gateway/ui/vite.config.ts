import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const gateway = process.env.ROOST_URL ?? 'http://127.0.0.1:8080'

/* The gateway refuses writes whose Origin is not its own, so the proxy speaks as the gateway's page would. */
const proxied = {
  target: gateway,
  changeOrigin: true,
  configure: (proxy: { on: (event: 'proxyReq', run: (request: Headerish) => void) => void }) => {
    proxy.on('proxyReq', (request) => {
      if (request.getHeader('origin')) {
        request.setHeader('origin', new URL(gateway).origin)
      }
    })
  },
}

interface Headerish {
  getHeader: (name: string) => unknown
  setHeader: (name: string, value: string) => void
}

const proxy = { '/api': proxied, '/docs': proxied, '/readyz': proxied, '/healthz': proxied }

/* Libraries that change rarely stay in one chunk that outlives a release of ours. */
const libraries = /node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify|@tanstack|openapi-fetch)\//

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  server: { proxy },
  preview: { proxy },
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'libraries', test: libraries }] },
      },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    coverage: {
      include: ['src/api/**', 'src/lib/**', 'src/shell/**/*.ts', 'src/ui/**', 'src/schema/**'],
      exclude: ['**/*.test.ts', 'src/api/schema.d.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
