//! The broker is never the record: what it loses is published again.

use async_nats::jetstream;
use tests::platform::{Load, LoadOptions, Platform, Shape, audit, eventually, say, stock_up};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_deleted_under_load_heals_by_itself() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let nats = platform.nats.as_ref().expect("this shape has a broker");
    let client = async_nats::connect(nats.url())
        .await
        .expect("NATS takes clients");
    let jetstream = jetstream::new(client);
    stock_up(&platform.api).await;
    let load = Load::start(&platform.api, &LoadOptions::default());
    for time in 1..=3 {
        load.goes_on(150).await;
        // Readers are at work, not only writers: orders come out at the other end.
        let confirmed = platform.api.list("/v1/orders?status=confirmed").await;
        let confirmed = confirmed.expect("orders are listed").len();
        eventually("more orders are confirmed", async || {
            let now = platform
                .api
                .list("/v1/orders?status=confirmed")
                .await?
                .len();
            (now > confirmed)
                .then_some(())
                .ok_or_else(|| format!("{now} confirmed"))
        })
        .await;
        if time == 3 {
            let stream = jetstream
                .get_stream(nats.stream())
                .await
                .expect("the stream is there");
            stream.purge().await.expect("it can be purged");
            say("purged");
        } else {
            let deleted = jetstream.delete_stream(nats.stream()).await;
            deleted.expect("the stream was there to be deleted");
            say("deleted");
            eventually("the stream is there again, and filled", async || {
                let stream = jetstream.get_stream(nats.stream()).await;
                let stream = stream.map_err(|error| error.to_string())?;
                let state = &stream.cached_info().state;
                (state.messages > 0)
                    .then_some(())
                    .ok_or_else(|| format!("{state:?}"))
            })
            .await;
        }
    }
    let acked = load.stop().await;
    audit(&platform, &acked).await;
    platform.stop().await;
}
