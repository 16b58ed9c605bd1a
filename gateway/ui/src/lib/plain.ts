/* Numbers, sizes, times of the day and "3 days ago" in the words of our languages, as Intl says them: its first object costs
 * a phone a tenth of a second, and the first page says little else. The tests hold these words against Intl's. */

type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'

interface Words {
  /* Between thousands; before decimals. */
  group: string
  point: string
  percent: string
  /* One byte, several; then units of 1024, and what is before them. */
  bytes: [string, string]
  units: string
  space: string
  has12Hours?: boolean
  /* One and several of the past, one and several of the time to come, and what has a word of its own. */
  times: Record<Unit, [string, string, string, string, Record<string, string>]>
}

const en: Words = {
  group: ',',
  point: '.',
  percent: '%',
  bytes: ['byte', 'bytes'],
  units: 'kB MB GB TB PB',
  space: ' ',
  has12Hours: true,
  times: {
    second: ['# second ago', '# seconds ago', 'in # second', 'in # seconds', { 0: 'now' }],
    minute: ['# minute ago', '# minutes ago', 'in # minute', 'in # minutes', { 0: 'this minute' }],
    hour: ['# hour ago', '# hours ago', 'in # hour', 'in # hours', { 0: 'this hour' }],
    day: [
      '# day ago',
      '# days ago',
      'in # day',
      'in # days',
      { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' },
    ],
    week: [
      '# week ago',
      '# weeks ago',
      'in # week',
      'in # weeks',
      { '-1': 'last week', 0: 'this week', 1: 'next week' },
    ],
    month: [
      '# month ago',
      '# months ago',
      'in # month',
      'in # months',
      { '-1': 'last month', 0: 'this month', 1: 'next month' },
    ],
    year: [
      '# year ago',
      '# years ago',
      'in # year',
      'in # years',
      { '-1': 'last year', 0: 'this year', 1: 'next year' },
    ],
  },
}

const de: Words = {
  group: '.',
  point: ',',
  percent: '\u00a0%',
  bytes: ['Byte', 'Byte'],
  units: 'kB MB GB TB PB',
  space: ' ',
  times: {
    second: ['vor # Sekunde', 'vor # Sekunden', 'in # Sekunde', 'in # Sekunden', { 0: 'jetzt' }],
    minute: [
      'vor # Minute',
      'vor # Minuten',
      'in # Minute',
      'in # Minuten',
      { 0: 'in dieser Minute' },
    ],
    hour: [
      'vor # Stunde',
      'vor # Stunden',
      'in # Stunde',
      'in # Stunden',
      { 0: 'in dieser Stunde' },
    ],
    day: [
      'vor # Tag',
      'vor # Tagen',
      'in # Tag',
      'in # Tagen',
      { '-2': 'vorgestern', '-1': 'gestern', 0: 'heute', 1: 'morgen', 2: 'übermorgen' },
    ],
    week: [
      'vor # Woche',
      'vor # Wochen',
      'in # Woche',
      'in # Wochen',
      { '-1': 'letzte Woche', 0: 'diese Woche', 1: 'nächste Woche' },
    ],
    month: [
      'vor # Monat',
      'vor # Monaten',
      'in # Monat',
      'in # Monaten',
      { '-1': 'letzten Monat', 0: 'diesen Monat', 1: 'nächsten Monat' },
    ],
    year: [
      'vor # Jahr',
      'vor # Jahren',
      'in # Jahr',
      'in # Jahren',
      { '-1': 'letztes Jahr', 0: 'dieses Jahr', 1: 'nächstes Jahr' },
    ],
  },
}

const fr: Words = {
  group: '\u202f',
  point: ',',
  percent: '\u00a0%',
  bytes: ['octet', 'octets'],
  units: 'ko Mo Go To Po',
  space: '\u202f',
  times: {
    second: [
      'il y a # seconde',
      'il y a # secondes',
      'dans # seconde',
      'dans # secondes',
      { 0: 'maintenant' },
    ],
    minute: [
      'il y a # minute',
      'il y a # minutes',
      'dans # minute',
      'dans # minutes',
      { 0: 'cette minute-ci' },
    ],
    hour: [
      'il y a # heure',
      'il y a # heures',
      'dans # heure',
      'dans # heures',
      { 0: 'cette heure-ci' },
    ],
    day: [
      'il y a # jour',
      'il y a # jours',
      'dans # jour',
      'dans # jours',
      { '-2': 'avant-hier', '-1': 'hier', 0: 'aujourd’hui', 1: 'demain', 2: 'après-demain' },
    ],
    week: [
      'il y a # semaine',
      'il y a # semaines',
      'dans # semaine',
      'dans # semaines',
      { '-1': 'la semaine dernière', 0: 'cette semaine', 1: 'la semaine prochaine' },
    ],
    month: [
      'il y a # mois',
      'il y a # mois',
      'dans # mois',
      'dans # mois',
      { '-1': 'le mois dernier', 0: 'ce mois-ci', 1: 'le mois prochain' },
    ],
    year: [
      'il y a # an',
      'il y a # ans',
      'dans # an',
      'dans # ans',
      { '-1': 'l’année dernière', 0: 'cette année', 1: 'l’année prochaine' },
    ],
  },
}

const LANGUAGES: Record<string, Words> = { en, de, fr }

function wordsOf(language: string): Words {
  return LANGUAGES[language] ?? en
}

/* Which has the form of one: in French 0 and 1.5 too. */
function isOne(language: string, value: number): boolean {
  return language === 'fr' ? Math.abs(value) < 2 : Math.abs(value) === 1
}

/** Rounded to so many decimals, without zeros at the end. */
export function plainNumber(language: string, value: number, n_decimals = 3): string {
  const { group, point } = wordsOf(language)
  const [whole = '', decimals] = String(Number(value.toFixed(n_decimals))).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group)
  return decimals ? grouped + point + decimals : grouped
}

export function plainPercent(language: string, value: number): string {
  return plainNumber(language, value, 0) + wordsOf(language).percent
}

/** In its unit: 0 for bytes, 1 for kB and so on. */
export function plainSize(language: string, size: number, unit: number): string {
  const { bytes, units, space } = wordsOf(language)
  if (unit === 0) {
    const word = bytes[isOne(language, size) ? 0 : 1]
    return `${plainNumber(language, size, 0)}\u00a0${word}`
  }
  return plainNumber(language, size, size < 10 ? 1 : 0) + space + units.split(' ')[unit - 1]
}

export function plainClock(language: string, time: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = time.getHours()
  const minutes = two(time.getMinutes())
  return wordsOf(language).has12Hours
    ? `${hours % 12 || 12}:${minutes} ${hours < 12 ? 'AM' : 'PM'}`
    : `${two(hours)}:${minutes}`
}

export function plainRelative(language: string, value: number, unit: Unit): string {
  const times = wordsOf(language).times[unit]
  const form = (value < 0 ? 0 : 2) + (isOne(language, value) ? 0 : 1)
  return (
    times[4][String(value)] ??
    (times[form] as string).replace('#', plainNumber(language, Math.abs(value)))
  )
}
