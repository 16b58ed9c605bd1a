import { h, type FunctionalComponent } from 'vue'
import './switch.css'

interface Props {
  modelValue: boolean
  /** Its name. */
  label: string
  /** The change is on its way: further clicks are ignored. */
  busy?: boolean
}

/** On or off, at once, without words beside it: the SwitchField for cells of tables. */
export const BareSwitch: FunctionalComponent<
  Props,
  { 'update:modelValue': (on: boolean) => void }
> = ({ modelValue, label, busy }, { emit }) =>
  h('div', { class: 'switch-field bare' }, [
    h(
      'button',
      {
        type: 'button',
        role: 'switch',
        class: 'switch',
        'aria-checked': modelValue,
        'aria-label': label,
        'aria-busy': busy || undefined,
        onClick: () => busy || emit('update:modelValue', !modelValue),
      },
      [h('span', { class: 'track' }, [h('span', { class: 'thumb' })])],
    ),
  ])
BareSwitch.props = { modelValue: Boolean, label: String, busy: Boolean }
BareSwitch.emits = ['update:modelValue']
