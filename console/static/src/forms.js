// Forms: one click is one act. The server makes sure of it; this keeps the second click from being made.
export function wireForms() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) {
        event.preventDefault();
        return;
      }
      sent = true;
      document.body.classList.add("sending");
      setTimeout(() => {
        sent = false; // no answer came: let the person try again
        document.body.classList.remove("sending");
      }, 8_000);
    });
  }
}
