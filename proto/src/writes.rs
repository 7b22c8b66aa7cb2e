//! Which messages write, and what of them makes that happen once.

use crate::v1;
use prost::Message;

/// A message that writes.
pub trait Write: Message {
    /// The path of the call that it is sent by, which the scope of its key has in it.
    const PATH: &'static str;

    /// Makes it happen once.
    fn request_id(&self) -> &str;

    /// The version that the caller saw; empty if that is of no matter.
    fn etag(&self) -> &str;
}

/// For each service its messages, with the method that takes each, and how it says which version was seen.
macro_rules! writes {
    ($($service:literal { $($message:ident: $method:literal, $etag:expr;)* })*) => {
        $($(impl Write for v1::$message {
            const PATH: &'static str = concat!("/orders.v1.", $service, "/", $method);

            fn request_id(&self) -> &str {
                &self.request_id
            }

            fn etag(&self) -> &str {
                let etag: fn(&Self) -> &str = $etag;
                etag(self)
            }
        })*)*
    };
}

writes! {
    "OrderCommands" {
        PlaceOrderRequest: "PlaceOrder", |_| "";
        CancelOrderRequest: "CancelOrder", |message| &message.etag;
        CancelLinesRequest: "CancelLines", |message| &message.etag;
        ProposeAmendmentRequest: "ProposeAmendment", |message| &message.etag;
        ApplyAmendmentRequest: "ApplyAmendment", |message| &message.etag;
        WithdrawAmendmentRequest: "WithdrawAmendment", |message| &message.etag;
        SetTagsRequest: "SetTags", |message| &message.etag;
        ChangeShippingAddressRequest: "ChangeShippingAddress", |message| &message.etag;
        AddNoteRequest: "AddNote", |message| &message.etag;
        PlaceHoldRequest: "PlaceHold", |message| &message.etag;
        ReleaseHoldRequest: "ReleaseHold", |message| &message.etag;
        SettleContradictionRequest: "SettleContradiction", |message| &message.etag;
        ReceiveStockRequest: "ReceiveStock", |message| &message.etag;
        AdjustStockRequest: "AdjustStock", |message| &message.etag;
        ClearQuarantineRequest: "ClearQuarantine", |message| &message.etag;
        SetBackorderLimitRequest: "SetBackorderLimit", |message| &message.etag;
    }
    "ShipmentCommands" {
        PackShipmentRequest: "PackShipment", |message| &message.etag;
        DispatchShipmentRequest: "DispatchShipment", |message| &message.etag;
        DeliverShipmentRequest: "DeliverShipment", |message| &message.etag;
        FailShipmentRequest: "FailShipment", |message| &message.etag;
        LoseShipmentRequest: "LoseShipment", |message| &message.etag;
        ReturnShipmentRequest: "ReturnShipment", |message| &message.etag;
        BookInShipmentRequest: "BookInShipment", |message| &message.etag;
    }
    "ReturnCommands" {
        RequestReturnRequest: "RequestReturn", |_| "";
        ApproveReturnRequest: "ApproveReturn", |message| &message.etag;
        DeclineReturnRequest: "DeclineReturn", |message| &message.etag;
        SendReturnRequest: "SendReturn", |message| &message.etag;
        ReceiveReturnRequest: "ReceiveReturn", |message| &message.etag;
        InspectReturnRequest: "InspectReturn", |message| &message.etag;
        CancelReturnRequest: "CancelReturn", |message| &message.etag;
    }
    "CustomerCommands" {
        RegisterCustomerRequest: "RegisterCustomer", |_| "";
        ChangeCustomerRequest: "ChangeCustomer", |message| &message.etag;
    }
    "ProductCommands" {
        ListProductRequest: "ListProduct", |_| "";
        PriceProductRequest: "PriceProduct", |message| &message.etag;
        DelistProductRequest: "DelistProduct", |message| &message.etag;
    }
    "Webhooks" {
        CreateWebhookRequest: "CreateWebhook", |_| "";
        ChangeWebhookRequest: "ChangeWebhook", |message| &message.etag;
        DisableWebhookRequest: "DisableWebhook", |message| &message.etag;
        EnableWebhookRequest: "EnableWebhook", |message| &message.etag;
        RotateWebhookSecretRequest: "RotateWebhookSecret", |message| &message.etag;
        RedeliverDeliveryRequest: "RedeliverDelivery", |_| "";
        RedeliverDeliveriesRequest: "RedeliverDeliveries", |message| &message.etag;
    }
    "Emails" {
        RedeliverEmailRequest: "RedeliverEmail", |_| "";
        RedeliverEmailsRequest: "RedeliverEmails", |_| "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_where_it_is_sent_and_what_makes_it_happen_once() {
        let message = v1::CancelOrderRequest {
            request_id: "k".into(),
            etag: "\"3\"".into(),
            ..Default::default()
        };
        assert_eq!((message.request_id(), message.etag()), ("k", "\"3\""));
        let path = v1::CancelOrderRequest::PATH;
        assert_eq!(path, "/orders.v1.OrderCommands/CancelOrder");
        assert_eq!(v1::PlaceOrderRequest::default().etag(), "");
    }
}
