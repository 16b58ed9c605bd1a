import * as icons from '@mdi/js'
import type { Plugin } from 'vite'

const IMPORT = /import\s*\{([^}]*)\}\s*from\s*['"]@mdi\/js['"];?/g

/* Puts each icon's path where it is used. As a module, all icons of all pages would be one chunk, loaded by the first page
 * that shows one. */
export function inlineIcons(): Plugin {
  return {
    name: 'inline-icons',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (id.includes('node_modules') || !code.includes('@mdi/js')) {
        return undefined
      }
      const known = icons as unknown as Record<string, string>
      return code.replace(IMPORT, (_, names: string) => {
        const used = names
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean)
        return used
          .map((name) => {
            if (!known[name]) {
              throw new Error(`${id}: there is no icon ${name}`)
            }
            return `const ${name} = ${JSON.stringify(known[name])};`
          })
          .join('')
      })
    },
  }
}
