import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { early } from './scripts/early.ts'
import { inlineIcons } from './scripts/inline-icons.ts'

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

/* As the gateway sends them, so that a preview shows what they forbid. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
    'trusted-types vue',
}

/* What is loaded together is in one file: on a phone each further file costs more than its bytes. Libraries change rarely:
 * theirs outlives a release of ours. */
const chunks = [
  {
    name: 'libraries',
    test: /node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify)\/|rolldown[\\/-]runtime/,
  },
  {
    name: 'start',
    test: new RegExp(
      'src/(design/|pages/login/|(' +
        'app|router|api/(errors|http|request)|pages/\\w+/routes|locales/index|lib/(i18n|intl|languages|message|pseudo|steps)|' +
        'shell/(connection|details|problems|session|unsaved|version|language-select)|' +
        'ui/(App(Button|Field|Icon|Tooltip)|IconButton|(Password|Select|Text)Field|Banner|popup|tones|first-page)' +
        ')\\b)',
    ),
  },
  /* What every page within the frame has, and most of them need. */
  {
    name: 'frame',
    test: new RegExp(
      'node_modules/@tanstack/|src/(api/(query|list)\\b|lib/(format|url-state)\\b|' +
        'shell/(api-call|banners|bottom-bar|commands|display-name|draft[\\w-]*|error-state|frame|leave-dialog|me-menu|menu-popover|nav|' +
        'navigation|preferences|relogin-dialog|server-state|shortcuts|side-nav|task-tray|tasks|title|top-bar)\\.|' +
        'pages/system/(failed|forbidden|offline)|pages/domains/idn\\b|pages/shared/broken-address|' +
        'ui/(App(Dialog|Drawer|Menu|Page)|ConfirmDialog|CopyField|copy|EmptyState|Menu\\w+|menu|modal|Pager|PageSection|' +
        'ProgressBar|QuotaBar|size|Skeleton|StatusPill|SwitchField|switch|Toast\\w*|toasts)\\b)',
    ),
  },
  /* What lists have. */
  {
    name: 'table',
    test: new RegExp(
      'src/(ui/(BareSwitch|BulkBar|CheckboxField|ColumnMenu|DataTable|data-table|FilterBar|RowMenu|table-\\w+)\\b|' +
        'pages/shared/(list-empty|polling)\\b)',
    ),
  },
  /* What some of them have: a field of suggestions, what is done to rows. */
  {
    name: 'suggestions',
    test: /src\/(ui\/(ComboField|SuggestionList|suggestions)|pages\/shared\/domain-options)\b/,
  },
  {
    name: 'identity-rows',
    test: /src\/(lib\/bulk|pages\/identities\/(alias-form|refocus|use-row-actions))\b/,
  },
]

/* Session, problems, toasts, drafts and how the server's errors are said: one for the whole program. */
const KEEPERS = [
  'src/api/**/*.test.ts',
  'src/shell/**/*.test.ts',
  'src/ui/{ToastRegion,overlays}.test.ts',
  'src/pages/{drafts,kit/kit}.test.ts',
]

export default defineConfig({
  plugins: [inlineIcons(), vue(), early()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __INTLIFY_DROP_MESSAGE_COMPILER__: true,
  },
  server: { proxy },
  preview: { proxy, headers },
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: chunks },
      },
    },
  },
  test: {
    environment: 'jsdom',
    /* They start sooner than processes. */
    pool: 'threads',
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    /* A page for each file costs more than its tests: files share one, but for those whose modules keep what they were told. */
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: KEEPERS,
          isolate: false,
        },
      },
      { extends: true, test: { name: 'own', include: KEEPERS } },
    ],
    coverage: {
      include: ['src/api/**', 'src/lib/**', 'src/shell/**/*.ts', 'src/ui/**'],
      exclude: ['**/*.test.ts', 'src/api/schema.d.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
