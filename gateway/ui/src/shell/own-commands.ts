import { setLanguage } from '@/lib/i18n'
import { LANGUAGE_NAMES, LANGUAGES } from '@/lib/languages'
import { currentCall } from './api-call'
import type { Command } from './commands'
import { preferences, THEMES } from './preferences'
import { panels } from './shortcuts'

/* What the shell itself can do. */
export function ownCommands(
  t: (key: string, named?: Record<string, unknown>) => string,
): Command[] {
  const commands: Command[] = [
    ...THEMES.map((theme) => ({
      key: `theme-${theme}`,
      label: t('shell.command.theme', { theme: t(`shell.theme.${theme}`) }),
      keywords: 'theme dark light',
      run: () => {
        preferences.theme = theme
      },
    })),
    ...LANGUAGES.map((language) => ({
      key: `language-${language}`,
      label: t('shell.command.language', { language: LANGUAGE_NAMES[language] }),
      keywords: 'language sprache langue',
      run: () => setLanguage(language, true),
    })),
    {
      key: 'help',
      label: t('shell.help.open'),
      keywords: '?',
      run: () => void (panels.help = true),
    },
  ]
  if (currentCall.value) {
    commands.unshift({
      key: 'api-call',
      label: t('shell.api.open'),
      keywords: 'api curl rest',
      run: () => void (panels.apiCall = true),
    })
  }
  return commands
}
