#include "store/origin.hpp"

namespace kith::store {

std::string_view kind_name(Origin::Kind kind) {
    switch (kind) {
        case Origin::Kind::update: return "update";
        case Origin::Kind::file: return "file";
        case Origin::Kind::transfer: return "transfer";
        case Origin::Kind::signer: return "signer";
        case Origin::Kind::lease: return "lease";
        case Origin::Kind::operator_: return "operator";
    }
    return "";
}

}  // namespace kith::store
