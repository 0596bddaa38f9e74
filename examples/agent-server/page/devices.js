// Choice of microphone and loudspeaker.

import { element } from './dom.js';

/** handlers: microphone(deviceId), speaker(deviceId), changed(). */
export class Devices {
  constructor(menu, { speakers }, handlers) {
    this.menu = menu;
    this.microphones = menu.querySelector('#microphone');
    this.speakers = menu.querySelector('#speaker');
    menu.querySelector('#speaker-choice').hidden = !speakers;
    this.microphones.onchange = () => handlers.microphone(this.microphones.value);
    this.speakers.onchange = () => handlers.speaker(this.speakers.value);
    navigator.mediaDevices?.addEventListener?.('devicechange', async () => {
      await this.refresh();
      handlers.changed();
    });
    menu.addEventListener('toggle', () => menu.open && this.refresh());
    document.addEventListener('pointerdown', event => {
      if (menu.open && !menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      menu.querySelector('summary').focus();
    });
  }

  get microphone() { return this.microphones.value; }

  /** Lists the devices; browsers name them only once the microphone has been allowed. */
  async refresh() {
    if (!navigator.mediaDevices?.enumerateDevices) return;
    const devices = await navigator.mediaDevices.enumerateDevices();
    fill(this.microphones, devices.filter(device => device.kind === 'audioinput'));
    fill(this.speakers, devices.filter(device => device.kind === 'audiooutput'));
    this.menu.querySelector('.hint').hidden = devices.some(device => device.label);
  }
}

function fill(select, devices) {
  const chosen = select.value;
  const named = devices.filter(({ deviceId, label }) => deviceId && label && deviceId !== 'default');
  select.replaceChildren(element('option', { value: '' }, 'System default'),
    ...named.map(({ deviceId, label }) => element('option', { value: deviceId }, label)));
  // A chosen device that was unplugged falls back to the default.
  select.value = named.some(device => device.deviceId === chosen) ? chosen : '';
}
