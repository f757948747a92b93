export default function Page() {
  return <p>Webhooks arrive at /webhooks/diffio and /webhooks/durable.</p>;
}
