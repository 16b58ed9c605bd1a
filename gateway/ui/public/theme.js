/* Runs before the first paint, so that no theme or direction flashes by. */
;(function () {
  var root = document.documentElement
  try {
    root.dataset.theme = localStorage.getItem('roost.theme') || 'system'
    root.dataset.contrast = localStorage.getItem('roost.contrast') || 'system'
    root.lang = localStorage.getItem('roost.language') || 'en'
    root.dir = /^ar\b/.test(root.lang) ? 'rtl' : 'ltr'
  } catch {
    root.dataset.theme = 'system'
    root.dataset.contrast = 'system'
  }
})()
