// The key C starts and pauses a countdown of the exercise's minutes in its badge, Shift+C resets it.
(() => {
  const WARNING = 60; // seconds

  const toggle = () => {
    // In the speaker view, the key is for the audience's window, too.
    if (Reveal.isSpeakerNotes()) parent.opener?.postMessage(JSON.stringify({ method: "triggerKey", args: [67] }), "*");
    const badge = Reveal.getCurrentSlide()?.querySelector(".badge[data-minutes]");
    if (!badge) return;
    const clock = badge.clock ?? (badge.clock = create(badge));
    if (clock.timer) pause(clock);
    else if (clock.left > 0) run(clock);
  };

  const create = (badge) => {
    const face = document.createElement("span");
    face.className = "clock";
    face.setAttribute("role", "timer");
    badge.append(face);
    return { badge, face, left: 60 * badge.dataset.minutes };
  };

  const run = (clock) => {
    const end = performance.now() + 1000 * clock.left;
    const tick = () => {
      clock.left = Math.max(0, (end - performance.now()) / 1000);
      show(clock);
      if (!clock.left) pause(clock);
    };
    clock.timer = setInterval(tick, 200);
    tick();
  };

  const pause = (clock) => {
    clearInterval(clock.timer);
    clock.timer = null;
    show(clock);
  };

  const reset = () => {
    const badge = Reveal.getCurrentSlide()?.querySelector(".badge[data-minutes]");
    if (!badge?.clock) return;
    clearInterval(badge.clock.timer);
    badge.clock.face.remove();
    badge.classList.remove("counting", "paused", "last-minute", "over");
    delete badge.clock;
  };

  const show = ({ badge, face, left, timer }) => {
    const seconds = Math.ceil(left);
    const text = [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, "0")).join(":");
    if (face.textContent !== text) face.textContent = text;
    badge.classList.add("counting");
    badge.classList.toggle("paused", !timer && seconds > 0);
    badge.classList.toggle("last-minute", seconds > 0 && seconds <= WARNING);
    badge.classList.toggle("over", seconds === 0);
  };

  Reveal.on("ready", () => {
    Reveal.addKeyBinding({ keyCode: 67, key: "C", description: "Start or pause the exercise's countdown" }, toggle);
    Reveal.registerKeyboardShortcut("Shift C", "Reset the countdown");
    // reveal.js ignores letters with a modifier.
    addEventListener("keydown", (event) => {
      if (event.key === "C" && event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) reset();
    });
  });
})();
